"""What the routes of search take and give, as OpenAPI describes it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from cms_ssg.search.questions import Sort

Slug = Annotated[str, StringConstraints(max_length=200)]
MOST_PRICE: Final = 10**15


class SearchQuery(BaseModel):
    """What may be asked. Values of one filter are alternatives; filters together narrow the answer."""

    model_config = ConfigDict(extra="forbid")

    q: Annotated[str, Field(max_length=1000, description='Words, "phrases", and -words that must not occur.')] = ""
    type: Annotated[list[Slug], Field(max_length=20, description="Content types: post, page …")] = []
    category: Annotated[list[Slug], Field(max_length=20, description="Slugs of sections.")] = []
    tag: Annotated[list[Slug], Field(max_length=20, description="Slugs of tags.")] = []
    author: Annotated[list[Slug], Field(max_length=20, description="Slugs of authors.")] = []
    facet: Annotated[list[Slug], Field(max_length=50, description="Any facet: series/measuring-by-hand.")] = []
    after: Annotated[date | None, Field(description="Published on this day or later.")] = None
    before: Annotated[date | None, Field(description="Published on this day or earlier.")] = None
    lat: Annotated[float | None, Field(ge=-90, le=90, allow_inf_nan=False, description="Degrees north of a place; with lng.")] = None
    lng: Annotated[float | None, Field(ge=-180, le=180, allow_inf_nan=False, description="Degrees east.")] = None
    radius_km: Annotated[float | None, Field(ge=0, le=20_038, allow_inf_nan=False, description="No farther from there.")] = None
    bbox: Annotated[str, Field(max_length=100, description="Within a part of a map: west,south,east,north.")] = ""
    locale: Annotated[str, Field(max_length=35, description="A language of the site; its first by default.")] = ""
    price_min: Annotated[int | None, Field(ge=0, le=MOST_PRICE, description="No cheaper, in minor units: cents.")] = None
    price_max: Annotated[int | None, Field(ge=0, le=MOST_PRICE, description="No dearer.")] = None
    rating_min: Annotated[float | None, Field(ge=0, le=5, allow_inf_nan=False, description="No fewer stars on average.")] = None
    stock: Annotated[list[Slug], Field(max_length=10, description="States of the stock: in_stock, low, on_backorder, out_of_stock.")] = []
    sort: Annotated[Sort, Field(description="distance needs a place; price is the lowest first.")] = "relevance"
    offset: Annotated[int, Field(ge=0, le=10_000)] = 0
    cursor: Annotated[str, Field(max_length=3000, description="next_cursor of the page before, in place of offset.")] = ""
    limit: Annotated[int, Field(ge=1, le=100)] = 20


class SuggestQuery(BaseModel):
    """What is being typed."""

    model_config = ConfigDict(extra="forbid")

    q: Annotated[str, Field(max_length=1000)] = ""
    locale: Annotated[str, Field(max_length=35)] = ""
    limit: Annotated[int, Field(ge=1, le=20)] = 10


class HighlightsModel(BaseModel):
    """Safe HTML in which <mark> encloses what was found; left out where there is nothing."""

    title: str = ""
    content: list[str] = []


class HitModel(BaseModel):
    """One document that was found."""

    id: int
    type: str
    locale: str
    title: str
    url: str
    excerpt: str
    published_at: datetime | None
    image: str | None
    terms: list[str]
    score: float
    highlights: HighlightsModel
    distance_km: float | None
    price: int | None
    rating: float | None
    popularity: float
    stock: str | None


class FacetValueModel(BaseModel):
    """How many would be found with this value, whatever else of the same facet is chosen."""

    value: str
    title: str
    count: int


class AnswerModel(BaseModel):
    """What was found."""

    total: int
    hits: list[HitModel]
    facets: dict[str, list[FacetValueModel]]
    months: dict[str, int]
    did_you_mean: str
    next_cursor: str
    facets_estimated: bool
    engine: str
    took_ms: float


class SuggestionModel(BaseModel):
    """A title that fits what is being typed."""

    title: str
    url: str
    type: str


class SuggestionsModel(BaseModel):
    """Suggestions, the best first."""

    suggestions: list[SuggestionModel]
