from fastapi import APIRouter, Depends, Request
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session, sessionmaker

router = APIRouter()
Local = sessionmaker(bind=create_engine("postgresql+psycopg://db/shop"))


def get_db():
    with Local() as db:
        yield db


@router.get("/apples")
async def apples(request: Request, db: Session = Depends(get_db)):
    await request.body()
    return db.execute(select(1)).all()


@router.get("/pears")
async def pears(request: Request, db: Session = Depends(get_db)):
    await request.body()
    return db.execute(select(2)).all()


@router.get("/plums")
async def plums(request: Request, db: Session = Depends(get_db)):
    await request.body()
    return db.execute(select(3)).all()


@router.get("/cherries")
async def cherries(request: Request, db: Session = Depends(get_db)):
    await request.body()
    return db.execute(select(4)).all()


@router.get("/grapes")
async def grapes(request: Request, db: Session = Depends(get_db)):
    await request.body()
    return db.execute(select(5)).all()


@router.get("/figs")
async def figs(request: Request, db: Session = Depends(get_db)):
    await request.body()
    return db.execute(select(6)).all()
