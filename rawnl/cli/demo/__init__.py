"""`rawnl demo`: the story (data), the checks that each step must pass, the player, the teller, and the command."""
