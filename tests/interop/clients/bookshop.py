async def bookshop(client, report): pass
