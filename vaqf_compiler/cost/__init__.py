"""What an accelerator costs: cycles of its layers, resources of its parts, and reports of both."""
