"""What is said: features of speech sound, and where anybody speaks."""
