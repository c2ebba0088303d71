"""The mesh engine: the person's own lower face, moved to the wanted shape, with a mouth lent by another frame of the clip."""

BLOCK = 8  # frames drawn together; crops are sized and pieces are cut along multiples of it
