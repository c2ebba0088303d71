"""How good a take is: looked at again, compared with its source and with what was wanted."""
