"""Each seam of the product is proven by a toy that another package adds from outside: nothing of the project names it."""
