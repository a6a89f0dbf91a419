"""A small OpenAI-compatible server around a transformers model, for the tests of lm_eval's API models.

Strict where real servers are: unknown fields, five stop strings in a chat, a prompt that does not fit, and anything
that it cannot do are answered with 400 and a reason. With ``extensions`` it takes some further fields of vLLM's server.
A last message of the assistant is continued, as llama.cpp's server does. ``serve_script`` answers chats without a
model, with what a function says, and can be too busy at first: for so many requests, or until a time that it tells.
"""

import json
import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, StoppingCriteria

COMPLETIONS, CHAT = "/v1/completions", "/v1/chat/completions"
MOST_STOPS = 4
_SAMPLING = {"model", "max_tokens", "temperature", "top_p", "n", "seed", "stop", "stream"}
_FIELDS = {COMPLETIONS: _SAMPLING | {"prompt", "echo"}, CHAT: _SAMPLING | {"messages", "max_completion_tokens"}}
_EXTENSIONS = {"top_k", "skip_special_tokens"}


class BadRequest(Exception):
    """What the client asked for is wrong: answered with status 400 and this text."""


class Fault(Exception):
    """A script raises it for a server that fails: answered with status 500 and this text."""


@dataclass
class Server:
    """A running server: its address, and every request that it has accepted or refused."""

    url: str
    """Such as ``http://127.0.0.1:4321``; lm_eval's base_url is ``url + COMPLETIONS`` or ``url + CHAT``."""
    requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)


class _StopAtText(StoppingCriteria):
    """Ends a row as soon as its answer holds one of the texts."""

    def __init__(self, tokenizer: Any, start: int, stops: Sequence[str]) -> None:
        self.tokenizer, self.start, self.stops = tokenizer, start, stops

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor, **_: Any) -> torch.Tensor:
        answers = self.tokenizer.batch_decode(input_ids[:, self.start :])
        return torch.tensor([any(stop in answer for stop in self.stops) for answer in answers])


class _Engine:
    """The model behind the server: one request at a time, because torch's random state is shared."""

    def __init__(self, folder: Path) -> None:
        self.tokenizer: Any = AutoTokenizer.from_pretrained(folder)
        self.model: Any = AutoModelForCausalLM.from_pretrained(folder)
        self.lock = threading.Lock()

    def answers(self, prompt: list[int], request: dict[str, Any]) -> list[dict[str, Any]]:
        budget, limit = request["max_tokens"], self.model.config.max_position_embeddings
        if len(prompt) + budget > limit:
            raise BadRequest(
                f"maximum context length is {limit} tokens: {len(prompt)} in the prompt and {budget} to come"
            )
        settings: dict[str, Any] = {"do_sample": False}
        if request["temperature"] > 0:
            settings = {"do_sample": True, "temperature": request["temperature"], "top_p": request["top_p"]}
            settings["top_k"] = max(0, request.get("top_k", -1))
        rows = torch.tensor([prompt] * request["n"])
        stops = request["stop"]
        with self.lock, torch.no_grad(), torch.random.fork_rng(devices=[]):
            torch.manual_seed(request["seed"]) if request["seed"] is not None else torch.seed()
            output = self.model.generate(
                rows,
                attention_mask=torch.ones_like(rows),
                max_new_tokens=budget,
                stopping_criteria=[_StopAtText(self.tokenizer, len(prompt), stops)] if stops else [],
                **settings,
            )
        return [self._answer(row[len(prompt) :].tolist(), request) for row in output]

    def _answer(self, tokens: list[int], request: dict[str, Any]) -> dict[str, Any]:
        end = self.tokenizer.eos_token_id
        ended = end in tokens
        if ended:
            # The end token itself is text only where special tokens are kept.
            tokens = tokens[: tokens.index(end) + 1]
        count = len(tokens)
        text = self.tokenizer.decode(tokens, skip_special_tokens=request.get("skip_special_tokens", True))
        for stop in request["stop"]:
            ended = ended or stop in text
            text = text.split(stop, 1)[0]
        return {"text": text, "tokens": count, "finish_reason": "stop" if ended else "length"}


def _checked(path: str, body: dict[str, Any], *, extensions: bool) -> dict[str, Any]:
    """Return the request with OpenAI's defaults filled in; raises BadRequest for what is refused."""
    allowed = _FIELDS[path] | (_EXTENSIONS if extensions else set())
    if unknown := sorted(set(body) - allowed):
        raise BadRequest(f"unrecognized request argument supplied: {', '.join(unknown)}")
    for name in ("echo", "stream"):
        if body.get(name):
            raise BadRequest(
                f"{name} is not supported by this server: it answers whole completions without their prompt"
            )
    request: dict[str, Any] = {"n": 1, "temperature": 1.0, "top_p": 1.0, "seed": None, "max_tokens": 16, **body}
    request["max_tokens"] = body.get("max_completion_tokens", request["max_tokens"])
    stop: Any = body.get("stop") or []
    request["stop"] = [stop] if isinstance(stop, str) else stop
    if len(request["stop"]) > MOST_STOPS and (path == CHAT or not extensions):
        raise BadRequest(f"stop takes at most {MOST_STOPS} strings, not {len(request['stop'])}")
    for name, least, most in (("n", 1, 128), ("max_tokens", 1, None), ("temperature", 0, 2), ("top_p", 0, 1)):
        value = request[name]
        if isinstance(value, bool) or not isinstance(value, int | float) or value < least or (most and value > most):
            raise BadRequest(f"{name} must lie between {least} and {most}, not {value!r}")
    return request


def _prompts(path: str, request: dict[str, Any], tokenizer: Any) -> list[list[int]]:
    """Return the tokens of every prompt: text or tokens, one or several; a chat is one prompt."""
    if path == CHAT:
        messages = request.get("messages")
        if not messages or not all(isinstance(message.get("content"), str) for message in messages):
            raise BadRequest("messages must be a list of {role, content} with at least one message")
        last = messages[-1]["role"] == "assistant"
        text = tokenizer.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=not last, continue_final_message=last
        )
        return [tokenizer.encode(text, add_special_tokens=False)]
    prompt = request.get("prompt")
    if isinstance(prompt, str) or (isinstance(prompt, list) and prompt and isinstance(prompt[0], int)):
        prompt = [prompt]
    if not isinstance(prompt, list) or not prompt:
        raise BadRequest(f"prompt must be text, a list of texts, or lists of tokens, not {prompt!r}")
    encoded = [tokenizer.encode(one) if isinstance(one, str) else one for one in prompt]
    if not all(encoded):
        raise BadRequest("prompt is empty: there is nothing to continue")
    return encoded


def _reply(path: str, body: dict[str, Any], engine: _Engine, *, extensions: bool) -> dict[str, Any]:
    request = _checked(path, body, extensions=extensions)
    prompts = _prompts(path, request, engine.tokenizer)
    answers = [answer for prompt in prompts for answer in engine.answers(prompt, request)]
    choices = []
    for index, answer in enumerate(answers):
        text = answer["text"]
        content = {"message": {"role": "assistant", "content": text}} if path == CHAT else {"text": text}
        choices.append({"index": index, "finish_reason": answer["finish_reason"], "logprobs": None, **content})
    used, made = sum(map(len, prompts)), sum(answer["tokens"] for answer in answers)
    return {
        "object": "chat.completion" if path == CHAT else "text_completion",
        "model": body.get("model"),
        "choices": choices,
        "usage": {"prompt_tokens": used, "completion_tokens": made, "total_tokens": used + made},
    }


@contextmanager
def serve(folder: Path, *, extensions: bool = True) -> Iterator[Server]:
    """Serve the model in ``folder`` (as ``save_pretrained`` writes it) on a free local port while the block runs."""
    engine = _Engine(folder)
    with _serving(lambda path, body: _reply(path, body, engine, extensions=extensions)) as server:
        yield server


@dataclass
class Pause:
    """From the first request on a server is too busy for so many seconds, and says when to come again."""

    seconds: int
    as_date: bool = False
    end: float = 0

    def retry_after(self) -> str:
        """What the answer's header says now; empty once the pause is over."""
        now = time.time()
        self.end = self.end or math.ceil(now + self.seconds)  # a date has whole seconds
        if now > self.end - 0.05:  # clocks for waiting and for dates differ a little
            return ""
        return formatdate(self.end, usegmt=True) if self.as_date else str(math.ceil(self.end - now))


Script = Callable[[list[dict[str, str]]], tuple[str | None, str | None]]
"""From a chat's messages to the answer (None: no content) and the reason why it ended."""


@contextmanager
def serve_script(
    script: Script, *, busy: int = 0, pause: Pause | None = None, extensions: bool = False, key: str = ""
) -> Iterator[Server]:
    """Serve chats that are answered by ``script``; the first ``busy`` requests are refused with status 429.

    A completion is answered like a chat of one message. Requests without ``key`` are refused with status 401.
    """

    def reply(path: str, body: dict[str, Any]) -> dict[str, Any]:
        request = _checked(path, body, extensions=extensions)
        messages = request["messages"] if path == CHAT else [{"role": "user", "content": request["prompt"]}]
        text, reason = script(messages)
        content = {"message": {"role": "assistant", "content": text}} if path == CHAT else {"text": text}
        used, made = len(json.dumps(messages)) // 4, len(text or "") // 4
        return {
            "object": "chat.completion" if path == CHAT else "text_completion",
            "choices": [{"index": 0, "finish_reason": reason, **content}],
            "usage": {"prompt_tokens": used, "completion_tokens": made, "total_tokens": used + made},
        }

    with _serving(reply, busy=busy, pause=pause, key=key) as server:
        yield server


@contextmanager
def _serving(
    reply: Callable[[str, dict[str, Any]], dict[str, Any]],
    *,
    busy: int = 0,
    pause: Pause | None = None,
    key: str = "",
) -> Iterator[Server]:
    server = Server("")

    class Handler(BaseHTTPRequestHandler):
        """Answers one request with JSON."""

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            server.requests.append((self.path, body))
            if self.path not in _FIELDS:
                self._send(404, {"error": {"message": f"no such path: {self.path}", "type": "invalid_request_error"}})
                return
            if key and self.headers["Authorization"] != f"Bearer {key}":
                server.refusals.append("key")
                self._send(401, {"error": {"message": "Incorrect API key provided", "type": "invalid_request_error"}})
                return
            wait = pause.retry_after() if pause else ""
            if len(server.requests) <= busy or wait:
                server.refusals.append("rate limit")
                self._send(429, {"error": {"message": "rate limit reached", "type": "rate_limit_error"}}, wait)
                return
            try:
                self._send(200, reply(self.path, body))
            except (BadRequest, Fault) as error:
                server.refusals.append(str(error))
                self._send(
                    400 if isinstance(error, BadRequest) else 500,
                    {"error": {"message": str(error), "type": "invalid_request_error"}},
                )

        def _send(self, status: int, content: dict[str, Any], retry_after: str = "") -> None:
            data = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            if retry_after:
                self.send_header("Retry-After", retry_after)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing: the tests read ``Server.requests``."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.url = f"http://127.0.0.1:{http.server_port}"
    thread = threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        thread.join()
        http.server_close()
