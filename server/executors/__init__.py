"""Where tasks are done: the executors, and the child processes that open media and render, watched from the outside."""
