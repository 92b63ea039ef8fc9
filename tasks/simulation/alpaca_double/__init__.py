"""The model of Alpaca as a process of its own: HTTP, a websocket, a day of bars and a clock."""
