"""Link kinds: a module per kind, named as the kernel names it, loaded when the kind is first met."""
