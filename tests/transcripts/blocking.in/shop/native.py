def crunch():
    pass
