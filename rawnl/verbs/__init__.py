"""What people say to the kernel: links, addresses, routes, neighbours, rules, namespace ids; one module each."""
