"""What goes in and out, one class a resource: its fields say what the API's description shows."""
