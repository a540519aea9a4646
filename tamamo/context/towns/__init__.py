"""Towns at the terminal: `tamamo tenant` and `tamamo agreement` (tamamo/kernel/towns)."""
