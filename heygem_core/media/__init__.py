"""Files of pictures and sound: what is in them, exact frames out of them, takes into them."""
