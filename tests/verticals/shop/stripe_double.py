"""The other side of Stripe's API: it takes only what the wheel's own parameter classes know, keeps idempotency keys, and signs what it sends as Stripe does."""

from __future__ import annotations

import json
import re
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

import stripe.params
import stripe.params.checkout
from stripe import WebhookSignature

KEY, SECRET = "sk_test_double", "whsec_double"
FREE = {"metadata", "expand"}


class RefusedError(Exception):
    def __init__(self, status: int, kind: str, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.status, self.kind, self.code = status, kind, code


def parse_form(body: str) -> dict[str, Any]:
    """``line_items[0][price_data][currency]=eur`` as nested objects."""
    found: dict[str, Any] = {}
    for name, value in parse_qsl(body, keep_blank_values=True):
        place = found
        parts = re.findall(r"[^\[\]]+", name)
        for part in parts[:-1]:
            place = place.setdefault(part, {})
        place[parts[-1]] = value
    return found


def check_params(module: Any, kind: str, params: dict[str, Any]) -> None:
    """Every name is one that this class of the wheel has, at every depth."""
    known = getattr(module, kind).__annotations__
    for name, value in params.items():
        if name not in known:
            raise RefusedError(400, "invalid_request_error", f"Received unknown parameter: {name}")
        if isinstance(value, dict) and name not in FREE:
            camel = "".join(part.title() for part in name.split("_"))
            inner = f"{kind}{camel}" if hasattr(module, f"{kind}{camel}") else f"{kind}{camel.removesuffix('s')}"
            for one in value.values() if all(key.isdigit() for key in value) else (value,):
                check_params(module, inner, one)


class Double:
    """An account. sessions, intents: by id; least: the smallest amount of a session; failing: status with which each payment that begins is answered.
    An error is the answer to its key from then on, as at Stripe.
    """

    def __init__(self) -> None:
        self.sessions: dict[str, dict[str, Any]] = {}
        self.intents: dict[str, dict[str, Any]] = {}
        self.refunds: list[dict[str, Any]] = []
        self.keys: dict[str, tuple[Any, dict[str, Any]]] = {}
        self.refund_status, self.least, self.failing = "succeeded", 0, 0
        self.errors: dict[str, RefusedError] = {}
        self.url = ""

    def answer(self, method: str, path: str, params: dict[str, Any], key: str) -> dict[str, Any]:
        path, _, query = path.partition("?")
        params |= parse_form(query)
        if key in self.keys:
            if self.keys[key][0] != (path, params):
                raise RefusedError(400, "idempotency_error", "Keys for idempotent requests can only be used with the same parameters")
            return self.keys[key][1]
        if key in self.errors:
            raise self.errors[key]
        if self.failing and method == "POST" and path in ("/v1/checkout/sessions", "/v1/payment_intents"):
            self.errors[key] = RefusedError(
                self.failing, "api_error" if self.failing >= 500 else "invalid_request_error", "That did not work"
            )
            raise self.errors[key]
        value = self._act(method, path, params)
        if key and method == "POST":
            self.keys[key] = ((path, params), value)
        return value

    def _act(self, method: str, path: str, params: dict[str, Any]) -> dict[str, Any]:
        parts = path.removeprefix("/v1/").split("/")
        if (method, path) == ("POST", "/v1/checkout/sessions"):
            return self._create(params)
        if (method, path) == ("POST", "/v1/refunds"):
            return self._refund(params)
        if parts[0] == "payment_intents":
            return self._act_on_intent(method, parts[1:], params)
        session = self.sessions.get(parts[2]) if parts[:2] == ["checkout", "sessions"] else None
        if session is None:
            raise RefusedError(404, "invalid_request_error", f"No such object: {path}")
        if parts[3:] == ["expire"]:
            if session["status"] != "open":
                raise RefusedError(400, "invalid_request_error", 'Only Checkout Sessions with a status in ["open"] can be expired')
            session["status"] = "expired"
        elif method == "GET":
            check_params(stripe.params.checkout, "SessionRetrieveParams", params)
            if params.get("expand") == {"0": "payment_intent"} and session["payment_intent"]:
                return session | {"payment_intent": self.intents[session["payment_intent"]]}
        return session

    def _create(self, params: dict[str, Any]) -> dict[str, Any]:
        check_params(stripe.params.checkout, "SessionCreateParams", params)
        data = params["line_items"]["0"]["price_data"]
        if params["mode"] != "payment" or int(data["unit_amount"]) <= 0 or not data["product_data"]["name"]:
            raise RefusedError(400, "invalid_request_error", "a payment needs an amount and a name")
        if int(data["unit_amount"]) < self.least:
            raise RefusedError(400, "invalid_request_error", "The total amount due must add up to at least that", "amount_too_small")
        name = f"cs_test_{secrets.token_hex(8)}"
        self.sessions[name] = {
            "id": name, "object": "checkout.session", "status": "open", "payment_status": "unpaid", "payment_intent": None, "currency": data["currency"],
            "amount_total": int(data["unit_amount"]), "metadata": params["metadata"],
            "intent_metadata": params["payment_intent_data"]["metadata"], "url": f"https://checkout.stripe.com/c/pay/{name}",
        }  # fmt: skip
        return self.sessions[name]

    def _act_on_intent(self, method: str, parts: list[str], params: dict[str, Any]) -> dict[str, Any]:
        if not parts and method == "POST":
            check_params(stripe.params, "PaymentIntentCreateParams", params)
            if int(params["amount"]) <= 0 or params["currency"] != params["currency"].lower():
                raise RefusedError(400, "invalid_request_error", "Invalid positive integer")
            name = f"pi_{secrets.token_hex(8)}"
            self.intents[name] = {
                "id": name, "object": "payment_intent", "status": "requires_payment_method", "amount": int(params["amount"]), "amount_received": 0,
                "currency": params["currency"], "metadata": params["metadata"], "client_secret": f"{name}_secret_x", "last_payment_error": None,
            }  # fmt: skip
            return self.intents[name]
        intent = self.intents.get(parts[0]) if parts else None
        if intent is None:
            raise RefusedError(404, "invalid_request_error", "No such payment_intent")
        if parts[1:] == ["cancel"]:
            check_params(stripe.params, "PaymentIntentCancelParams", params)
            if intent["status"] in ("succeeded", "canceled"):
                raise RefusedError(
                    400, "invalid_request_error", f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}."
                )
            intent["status"] = "canceled"
        return intent

    def _refund(self, params: dict[str, Any]) -> dict[str, Any]:
        check_params(stripe.params, "RefundCreateParams", params)
        name = params.get("payment_intent")
        paid = next(
            (s["amount_total"] for s in self.sessions.values() if s["payment_intent"] == name),
            self.intents.get(name, {}).get("amount_received", 0),
        )
        left = paid - sum(r["amount"] for r in self.refunds if r["payment_intent"] == name)
        if int(params["amount"]) > left:
            raise RefusedError(400, "invalid_request_error", "Refund amount is greater than unrefunded amount on charge")
        self.refunds.append(
            {
                "id": f"re_{secrets.token_hex(6)}",
                "object": "refund",
                "amount": int(params["amount"]),
                "currency": self._find_currency(params["payment_intent"]),
                "payment_intent": params["payment_intent"],
                "status": self.refund_status,
            }
        )
        return self.refunds[-1]

    def _find_currency(self, intent: str) -> str:
        return str(self.intents[intent]["currency"])

    def fail_refund(self, name: str) -> tuple[dict[str, str], bytes]:
        """The event by which Stripe says that the money of a refund came back."""
        refund = next(one for one in self.refunds if one["id"] == name)
        refund |= {"status": "failed", "failure_reason": "expired_or_canceled_card"}
        return self.sign("refund.failed", refund)

    def dispute(self, session: str, status: str) -> tuple[dict[str, str], bytes]:
        """The event by which Stripe says how a dispute stands."""
        name = self.sessions[session]["payment_intent"] if session in self.sessions else session
        there = {"inquiry": "warning_needs_response", "open": "needs_response"}.get(status, status)
        kind = {"inquiry": "created", "open": "created"}.get(status, "closed")
        return self.sign(f"charge.dispute.{kind}", {
            "id": f"dp_{name}", "object": "dispute", "status": there, "payment_intent": name, "charge": f"ch_{name}", "reason": "fraudulent", "amount": 4500,
            "currency": "eur", "evidence_details": {"due_by": 1_900_000_000},
        })  # fmt: skip

    def pay(self, session: str) -> None:
        """What the buyer does on the hosted page, or in Stripe's own form."""
        if session in self.intents:
            intent = self.intents[session]
            if intent["status"] == "requires_payment_method":
                intent |= {"status": "succeeded", "amount_received": intent["amount"]}
        elif self.sessions[session]["status"] == "open":
            self._complete(session, "paid", "succeeded")

    def pay_slowly(self, session: str) -> None:
        """The buyer chooses a bank debit on the hosted page."""
        self._complete(session, "unpaid", "processing")

    def end_slow_payment(self, session: str, *, paid: bool) -> None:
        """What the bank says days later."""
        self.intents[self.sessions[session]["payment_intent"]]["status"] = "succeeded" if paid else "requires_payment_method"
        self.sessions[session]["payment_status"] = "paid" if paid else "unpaid"

    def _complete(self, session: str, payment_status: str, intent_status: str) -> None:
        name = f"pi_{secrets.token_hex(6)}"
        self.intents[name] = {
            "id": name, "object": "payment_intent", "status": intent_status, "metadata": self.sessions[session]["intent_metadata"],
            "currency": self.sessions[session]["currency"],
        }  # fmt: skip
        self.sessions[session] |= {"status": "complete", "payment_status": payment_status, "payment_intent": name}

    def make_webhook(self, kind: str, session: str, at: float | None = None, **changed: Any) -> tuple[dict[str, str], bytes]:
        """Headers and body of an event, signed by the wheel's own helper."""
        return self.sign(kind, self.intents.get(session) or self.sessions[session], at, **changed)

    def sign(self, kind: str, subject: dict[str, Any], at: float | None = None, **changed: Any) -> tuple[dict[str, str], bytes]:
        """An event about anything, as `make_webhook` makes one of a payment."""
        event = {
            "id": f"evt_{secrets.token_hex(6)}",
            "object": "event",
            "type": kind,
            "livemode": False,
            "data": {"object": subject},
        } | changed
        body = json.dumps(event)
        stamp = int(at if at is not None else time.time())
        return {"stripe-signature": f"t={stamp},v1={WebhookSignature._compute_signature(f'{stamp}.{body}', SECRET)}"}, body.encode()


@contextmanager
def open_double() -> Iterator[Double]:
    """A double on a port of its own."""
    double = Double()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
            try:
                if self.headers.get("Authorization") != f"Bearer {KEY}":
                    raise RefusedError(401, "invalid_request_error", "Invalid API Key provided")
                value, status = double.answer(self.command, self.path, parse_form(body), self.headers.get("Idempotency-Key", "")), 200
            except RefusedError as error:
                value, status = {"error": {"type": error.kind, "message": str(error), "code": error.code}}, error.status
            data = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    double.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield double
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
