"""Everything a child process can be asked to do: the specs, what does each, and the process that does one after another."""
