"""rtnetlink, declared: one module per message. Nothing here does I/O."""
