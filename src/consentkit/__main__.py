"""``python -m consentkit``: the command line."""

from consentkit.cli import main

if __name__ == "__main__":
    main()
