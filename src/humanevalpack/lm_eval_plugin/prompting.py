"""Which template a run uses and why, and the prompt in the form that the model takes: text, or a chat's messages."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from humanevalpack.languages import get_language
from humanevalpack.lm_eval_plugin.api_servers import continues_answers
from humanevalpack.lm_eval_plugin.options import Options
from humanevalpack.problems import Problem
from humanevalpack.prompts import choose_template, render_prompt
from humanevalpack.scenarios import answer_base
from humanevalpack.templates import PROMPT_AUTO, PROMPT_CHAT, PromptTemplate, chat_template, load_template

ChatFunction = Callable[..., Any]

_FALLBACK = "instruct"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompting:
    """How one task asks the model."""

    template: PromptTemplate
    reason: str
    """Why this template: printed and recorded."""
    chat: ChatFunction | None = None
    """lm_eval's ``apply_chat_template`` of the model, if the user asked for chat templates."""
    system: str | None = None
    prefill: str = "head"
    """What a chat's answer begins with: ``head``, ``fence`` or ``none``."""

    @property
    def is_chat(self) -> bool:
        """Whether the model's own chat template makes the prompt."""
        return self.template.name == PROMPT_CHAT

    def render(self, problem: Problem, scenario: str, description: str | None = None) -> Any:
        """Return the prompt: text that the model continues, or lm_eval's form of messages for a chat API."""
        text = render_prompt(problem, scenario, prompt=self.template, description=description)
        if self.chat is not None and (self.is_chat or _takes_messages(self.chat)):
            return self._conversation(text, self._opening(problem, scenario))
        return f"{self.system}\n\n{text}" if self.system else text

    def _opening(self, problem: Problem, scenario: str) -> str:
        base = answer_base(problem, scenario).rstrip()
        if not self.is_chat or self.prefill == "none" or not base:
            return ""
        return base if self.prefill == "head" else f"```{get_language(problem.language).fence_names[0]}\n{base}"

    def _conversation(self, text: str, base: str) -> Any:
        assert self.chat is not None
        messages = [{"role": "system", "content": self.system}] if self.system else []
        messages.append({"role": "user", "content": text})
        if not base:
            return self.chat(messages, add_generation_prompt=True)
        prefilled = [*messages, {"role": "assistant", "content": base}]
        if _takes_messages(self.chat):
            return self.chat(prefilled, add_generation_prompt=False)
        try:
            prompt = self.chat(prefilled, add_generation_prompt=False)
        except ValueError:
            # transformers cannot find the turn again if the template rewrites it.
            prompt = ""
        if prompt.endswith(base):
            return prompt
        # Templates that trim or rewrite the assistant's turn: open the turn, then put the base there ourselves.
        return self.chat(messages, add_generation_prompt=True) + base


def choose_prompting(
    options: Options,
    scenario: str,
    *,
    model_name: str | None,
    chat: ChatFunction | None = None,
    system: str | None = None,
) -> Prompting:
    """Choose the template: the user's, else the one that names the model, else the model's chat, else ``instruct``.

    Raises UsageError for an unknown template and for one that cannot ask for ``scenario``.
    """
    prefill = options.chat_prefill
    if prefill == "auto":
        prefill = "head" if chat is None or continues_answers(chat) else "none"
    chosen, reason = _choice(options, scenario, model_name, chat)
    if chosen.name == PROMPT_CHAT:
        chosen = chat_template(prefilled=prefill != "none")
        reason += f" (chat_prefill={prefill})"
    chosen.check_supports(scenario)
    if chat is not None and chosen.name != PROMPT_CHAT:
        reason += (
            "; it is sent as the user's turn"
            if _takes_messages(chat)
            else "; the model's chat template is not applied (prompt=chat would)"
        )
    return Prompting(template=chosen, reason=reason, chat=chat, system=system, prefill=prefill)


def _choice(
    options: Options, scenario: str, model_name: str | None, chat: ChatFunction | None
) -> tuple[PromptTemplate, str]:
    if options.prompt == PROMPT_CHAT:
        return chat_template(), "prompt=chat was asked for"
    if options.prompt != PROMPT_AUTO:
        return load_template(options.prompt), f"prompt={options.prompt} was asked for"
    # The server of a chat API applies the model's own template: another one inside it would be one too many.
    if chat is not None and _takes_messages(chat):
        return chat_template(), "the server applies the model's chat template"
    choice = choose_template(model_name, scenario)
    if choice.template.name == _FALLBACK and chat is not None:
        return chat_template(), f"{choice.reason}, and lm_eval applies the model's chat template"
    return choice.template, choice.reason


def _takes_messages(chat: ChatFunction) -> bool:
    """Whether this model is a chat API, for which lm_eval keeps messages as messages (a JsonChatStr)."""
    return not isinstance(chat([{"role": "user", "content": "?"}], add_generation_prompt=True), str)
