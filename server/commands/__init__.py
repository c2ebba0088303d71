"""One module per subcommand of `heygem`: adds its options, runs."""
