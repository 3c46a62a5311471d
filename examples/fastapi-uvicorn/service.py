"""A FastAPI service. What it logs is uvicorn's own log: access lines on stdout, the rest on stderr."""
from fastapi import FastAPI, HTTPException

app = FastAPI()
orders = []


@app.get("/")
def index():
    return {"orders": len(orders)}


@app.get("/products/{number}")
def product(number: int):
    return {"product": number}


@app.post("/orders", status_code=201)
def order():
    orders.append(1)
    return {"order": len(orders)}


@app.get("/boom")
def boom():
    raise HTTPException(status_code=503, detail="the shop is on fire")
