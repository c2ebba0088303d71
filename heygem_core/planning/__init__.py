"""Decides a shot once, whole: the person, the frames, the motion, and what the engine draws."""
