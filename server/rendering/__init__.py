"""Behind the door: work is claimed, done by workers and handed in; everybody who watches is told."""
