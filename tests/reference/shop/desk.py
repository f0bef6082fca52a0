import sqlite3
from pathlib import Path

from mcp.server.mcpserver import Context, MCPServer
from pydantic import BaseModel

server = MCPServer("desk")
GREETING = Path("greeting.txt")


@server.tool()
def open_ticket(text: str) -> str:
    """Open a ticket."""
    with sqlite3.connect("desk.db") as db:
        db.execute("CREATE TABLE IF NOT EXISTS ticket (text)")
        number = db.execute("INSERT INTO ticket VALUES (?)", (text,)).lastrowid
    return f"Opened T-{number}: {text}"


@server.tool()
def greeting(name: str = "stranger") -> str:
    """Get what a customer is greeted with."""
    words = GREETING.read_text() if GREETING.exists() else "Hello"
    return f"{words}, {name}!"


@server.tool()
def close_shop() -> str:
    """Close the shop."""
    return "Closed"


class Seats(BaseModel):
    seats: int


@server.tool()
async def book(ctx: Context) -> str:
    """Book a table; how many seats is asked in a form."""
    form = await ctx.elicit("How many seats?", Seats)
    return f"Booked for {form.data.seats}" if form.action == "accept" else "Not booked"


@server.resource("desk://hours")
def hours() -> str:
    """When the shop is open."""
    return '{"opens": 9, "closes": 17}'


if __name__ == "__main__":
    server.run()
