"""The command `rawnl`: one file per subcommand, one table of them in `main`."""
