"""One module per command; `recbench.cli.command` finds a module by the word that is typed."""
