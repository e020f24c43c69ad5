"""`python -m recbench` is `recbench`."""

from recbench.cli.main import main

if __name__ == "__main__":
    main()
