"""Trained models that do not come with the program: which there are, where they lie, and how they get there.

`catalogue` knows them, `folders` where they lie, `installed` finds one, `loading` puts one into a network. What fetches and converts them
is `store`; nothing else downloads, and never while a take is rendered.
"""
