"""The contenders, a file each, and where they are found on this machine."""
