"""Recordings to which a law does not apply, though it looks so: file and law, with the reason."""

__all__ = ["EXCEPTED"]

_HERMES = "chat/json/req_llm__nousresearch_hermes_4_405b_token_limit_0.json"
_RANKS = "chat/json/ai__fixtures_togetherai_reranking_1_0.json"
_PROXY = "chat/stream/dd-trace-py__cassettes_completion_stream_multiple_choices_proxy_0.json"
_NO_FINISH = "chat/json/dd-trace-py__v1_chat_completion_image_input_0.json"
_AUDIO = "chat/json/dd-trace-js__openai_openai_chat_completions_post_a0ea5208_0.json"
_BROKEN = "messages/stream/rig__streaming_gateway_message_delta_metadata_0.json"
_FEW = "responses/json/rig__vllm_responses_api_accepts_null_metadata_0.json"
_PROBS = "responses/stream/chatlas__test_provider_openai_test_openai_logprobs_0.json"

EXCEPTED: dict[tuple[str, str], str] = {
    (_HERMES, "oracle"): "an error beside half an answer: a fault for us, an answer for the client",
    (_RANKS, "oracle"): "an answer of another kind than Chat's, which its client does not notice",
    (_PROXY, "oracle"): "two choices, of which one never ends: a fault for us",
    (_NO_FINISH, "oracle"): "an answer without a finish, which is told as cut off",
    (_AUDIO, "oracle"): "an answer in sound, whose words are text in Messages",
    (_BROKEN, "oracle"): "its own client can't read it",
    (_FEW, "identity of requests"): "fewer than 16 tokens, which Responses does not take (8)",
    (_PROBS, "fold"): "its final log probabilities differ from those of its deltas",
}
