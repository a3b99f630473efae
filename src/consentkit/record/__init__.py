"""What is recorded: entries and notices, the leaves that commit to them, receipts. Does no I/O."""
