"""What users hold: files, addresses, names and options of an earlier version, recorded in `material/`, still work.

`record` made the material and can be run again into another folder. `doors` holds every import of the product, so that a module that moves
is renamed in one place. The material is never recorded again to make a test green: a name that changes gets an alias in the product.
"""
