"""Puts finished takes onto the timeline: on a track of their own or as takes of the clip, with their sound, and switches versions."""
