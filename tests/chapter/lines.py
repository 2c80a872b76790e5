"""Chapter 3 of the replaced systems, chatgpt-proxy, to be ticked off: what it says, and the tests that show it.

A test is named by its module below ``tests/`` and its function. ``test_lines`` finds out whether there is such a test,
and whether one that bears the chapter's number is missing here.
"""

from collections.abc import Mapping

__all__ = ["LINES"]

_S, _B, _L = "chapter/test_surface", "chapter/test_behaviour", "chapter/test_later"
_EXAMPLES, _SIMPLE = "e2e/test_simple_examples", "e2e/test_simple"

LINES: Mapping[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "3.1": (
        (
            "CORS headers on every answer",
            (
                f"{_S}::test_an_answer_may_be_read_by_any_page_chapter_3_1",
                f"{_S}::test_pages_and_errors_may_be_read_by_any_page_too_chapter_3_1",
            ),
        ),
        (
            "OPTIONS on any path is an empty 200",
            (
                f"{_S}::test_an_options_of_any_route_is_an_empty_200_chapter_3_1",
                "web/simple/test_asking::test_a_preflight_is_an_empty_200_everywhere_row_97",
            ),
        ),
        (
            "JSON in lines of two blanks",
            (
                f"{_S}::test_a_json_answer_is_in_lines_of_two_blanks_chapter_3_1",
                f"{_S}::test_an_error_is_in_lines_too_chapter_3_1",
            ),
        ),
        ("/", ("web/simple/test_asking::test_the_root_greets_every_method_row_23",)),
        (
            "/health, /health2 (without their costs, 3.4 6)",
            (
                f"{_L}::test_health_asks_nobody_and_nothing_chapter_3_3",
                "web/simple/test_asking::test_health_costs_nothing_row_110_defect_6",
            ),
        ),
        (
            "a real model call, ten seconds apart: the deep check",
            ("web/pages/test_health::test_a_model_is_asked_once_in_ten_seconds_row_112_row_99",),
        ),
        (
            "/log, /log_errors with ?access_token=, 403 text without",
            (
                "web/pages/test_log::test_the_token_may_stand_in_the_query_row_117",
                "web/pages/test_log::test_others_are_told_forbidden_in_chatgpt_proxys_words_row_117",
                "web/pages/test_log::test_without_a_token_the_simple_port_forbids_them_to_all_row_117",
            ),
        ),
        (
            "each route and its upstream",
            (
                f"{_S}::test_each_route_asks_its_own_upstream_chapter_3_1",
                f"{_S}::test_no_route_is_left_out_here_chapter_3_1",
                "web/simple/test_transcribing::test_a_form_goes_up_while_it_comes_when_its_key_is_first_row_13",
            ),
        ),
        (
            "DELETE's answer, a cancel of what was created in the background, the list of input items",
            (
                f"{_SIMPLE}::test_a_response_is_stored_retrieved_listed_and_deleted_rows_6_7_9_defect_3",
                f"{_SIMPLE}::test_a_background_response_is_cancelled_row_6",
            ),
        ),
        (
            "a cancel may have an empty body",
            (f"{_S}::test_the_key_may_be_none_for_a_cancel_without_a_body_chapter_3_1",),
        ),
        (
            "security_key on every route",
            ("web/simple/test_keys::test_without_the_key_nothing_goes_up_row_31",),
        ),
        (
            "anything else is 404 Not Found",
            (
                "web/simple/test_asking::test_what_does_not_stand_is_not_found",
                f"{_S}::test_another_method_is_not_found_chapter_3_1",
            ),
        ),
        (
            "fields taken off before forwarding",
            (
                f"{_S}::test_the_proxys_own_fields_are_taken_off_a_body_chapter_3_1",
                f"{_S}::test_the_proxys_own_fields_are_taken_off_a_query_chapter_3_1",
            ),
        ),
        (
            "key, project, organization: the request's or the environment's",
            (
                f"{_S}::test_a_key_project_and_organization_of_the_callers_are_spent_chapter_3_1",
                f"{_S}::test_a_project_of_the_servers_holds_without_a_key_of_the_servers_chapter_3_1",
                "config/test_simple::test_the_documented_variables_are_honoured_rows_28_31_33_35_50",
            ),
        ),
        (
            ".env.local, then .env",
            (
                f"{_S}::test_variables_are_read_from_files_chapter_3_1",
                f"{_S}::test_env_local_goes_before_env_chapter_3_1",
            ),
        ),
        ("port 3002", (f"{_S}::test_the_port_is_3002_chapter_3_1",)),
        (
            "all other fields of Responses, Chat and Embeddings pass untouched",
            (
                f"{_S}::test_a_field_of_responses_passes_untouched_chapter_3_1",
                f"{_S}::test_all_fields_of_responses_pass_together_chapter_3_1",
                f"{_S}::test_all_fields_of_chat_pass_together_chapter_3_1",
                f"{_S}::test_the_fields_of_embeddings_pass_chapter_3_1",
            ),
        ),
        (
            "default models: /chatgpt, audio, embeddings",
            (
                "web/simple/test_asking::test_a_prompt_is_answered_in_its_own_form_row_19",
                f"{_B}::test_the_defaults_of_a_form_chapter_3_2",
                f"{_B}::test_embeddings_have_a_model_chapter_3_1",
            ),
        ),
        (
            "documented examples",
            (
                f"{_EXAMPLES}::test_an_example_of_the_documentation_runs_as_written_chapter_3_1",
                f"{_EXAMPLES}::test_every_route_has_an_example_chapter_3_1",
                f"{_EXAMPLES}::test_a_refused_example_fails_the_test_chapter_3_1",
            ),
        ),
    ),
    "3.2": (
        (
            "/openai: image by url and base64, in the last user message or a new one",
            (
                f"{_B}::test_a_picture_goes_with_the_users_last_message_chapter_3_2",
                f"{_B}::test_a_picture_in_base64_is_a_data_url_chapter_3_2",
            ),
        ),
        (
            "neither: 400 Invalid image payload",
            (f"{_B}::test_what_is_no_picture_is_refused_chapter_3_2",),
        ),
        (
            "stream: 400",
            (f"{_B}::test_a_stream_is_refused_where_there_is_none_chapter_3_2",),
        ),
        (
            "/openai2 streams: head, data lines, [DONE] also after failed and incomplete",
            (
                f"{_B}::test_a_streams_head_is_that_of_events_which_nobody_holds_chapter_3_2",
                f"{_B}::test_each_event_is_a_data_line_and_a_mark_ends_them_chapter_3_2",
            ),
        ),
        (
            "/chatgpt: fields, what is asked, what is answered",
            (
                f"{_B}::test_a_prompt_is_asked_with_its_own_words_and_settings_chapter_3_2",
                f"{_B}::test_a_field_of_a_prompt_is_sent_chapter_3_2",
                f"{_B}::test_a_prompts_answer_holds_the_whole_completion_chapter_3_2",
                f"{_B}::test_a_prompt_that_nobody_answered_is_no_success_chapter_3_2",
            ),
        ),
        (
            "/chatgpt: validation",
            (f"{_B}::test_a_prompt_out_of_bounds_is_a_bad_request_chapter_3_2",),
        ),
        (
            "audio: what is refused, its fields, its defaults",
            (
                f"{_B}::test_what_is_no_form_with_a_file_is_refused_chapter_3_2",
                f"{_B}::test_a_field_of_a_form_goes_up_chapter_3_2",
                f"{_B}::test_the_proxys_own_fields_of_a_form_are_in_force_and_stay_here_chapter_3_2",
                "simple/test_form::test_granularities_may_be_repeated",
                "simple/test_form::test_a_file_without_a_name_gets_one",
            ),
        ),
        (
            "audio: text, srt, vtt as a JSON string",
            (f"{_B}::test_a_transcript_that_is_text_is_a_json_string_chapter_3_2",),
        ),
        (
            "the figures of /log, and its two rings of 50",
            (
                "web/pages/test_log::test_the_figures_of_chatgpt_proxy_row_115_row_116",
                "web/pages/test_log::test_the_last_fifty_of_each_kind_the_newest_first_row_117",
            ),
        ),
    ),
    "3.3": (
        (
            "each type, code and status",
            (
                f"{_L}::test_each_error_comes_with_its_status_type_and_code_chapter_3_3",
                f"{_L}::test_a_caller_who_left_is_in_the_log_alone_chapter_3_3",
                f"{_L}::test_too_many_at_once_may_come_again_in_a_second_chapter_3_3",
                f"{_L}::test_an_upstreams_refusal_keeps_all_that_it_said_chapter_3_3",
                f"{_EXAMPLES}::test_every_error_code_is_documented_chapter_3_3",
            ),
        ),
        ("each message", (f"{_L}::test_each_message_is_the_known_one_chapter_3_3",)),
        (
            "after the head of a stream: event: error",
            (
                f"{_L}::test_a_stream_that_breaks_off_ends_with_an_event_chapter_3_3",
                f"{_L}::test_a_stream_that_cannot_be_read_ends_with_an_event_chapter_3_3",
                f"{_L}::test_a_body_that_the_connections_close_delimits_is_not_taken_for_whole_chapter_3_3",
            ),
        ),
        (
            "names of requests, and what pages may read of them",
            (
                f"{_L}::test_every_answer_has_a_name_and_repeats_the_callers_chapter_3_3",
                f"{_L}::test_the_upstreams_name_is_in_the_log_chapter_3_3",
            ),
        ),
        (
            "the environment: defaults, and what is invalid falls back to them",
            (
                f"{_S}::test_the_defaults_of_times_and_limits_chapter_3_3",
                "config/test_simple::test_times_are_in_milliseconds_rows_101_102",
                "config/test_simple::test_counts_are_plain_rows_98_100",
                "config/test_simple::test_other_times_follow_the_longest_answer_row_102",
                "config/test_simple::test_the_longest_answer_is_never_shorter_than_the_usual_one_row_101",
            ),
        ),
        (
            "timeout per request, its sources and headers",
            (
                f"{_L}::test_a_timeout_is_reported_on_every_route_chapter_3_3",
                f"{_L}::test_a_refusal_reports_it_too_and_whose_patience_ended_chapter_3_3",
                "simple/test_waiting::test_an_error_names_whose_patience_ended_row_101",
            ),
        ),
        (
            "retries: 0 or 2",
            (f"{_L}::test_each_route_is_asked_as_often_as_is_safe_chapter_3_3",),
        ),
        (
            "signs of life in silence",
            (f"{_L}::test_silence_is_filled_with_the_known_comment_chapter_3_3",),
        ),
        (
            "a disconnect aborts the upstream and is counted",
            (f"{_L}::test_a_reader_who_leaves_ends_the_upstreams_stream_chapter_3_3",),
        ),
        (
            "one event a request, without prompts; secrets masked",
            (
                f"{_L}::test_a_request_is_an_event_with_all_its_fields_and_no_prompt_chapter_3_3",
                "web/simple/test_keys::test_no_key_is_in_the_log_defect_4",
            ),
        ),
        (
            "/debug/runtime",
            (
                f"{_L}::test_the_runtime_page_says_the_same_chapter_3_3",
                "web/simple/test_keys::test_the_ports_state_is_shown_to_the_access_token_alone_row_33",
            ),
        ),
        (
            "GET /openai2/:id and input_items with their parameters",
            (
                f"{_L}::test_each_value_may_be_included_chapter_3_3",
                f"{_L}::test_each_parameter_goes_up_chapter_3_3",
                f"{_L}::test_included_items_may_be_named_too_chapter_3_3",
                "web/simple/test_streams::test_a_stored_response_is_streamed_from_a_place_row_9",
            ),
        ),
        (
            "/anthropic, /anthropic/stream",
            (
                f"{_B}::test_an_anthropic_stream_is_written_alike_chapter_3_3",
                "web/simple/test_keys::test_anthropic_is_asked_by_its_own_way_and_key_row_22",
                "web/simple/test_keys::test_a_request_may_bring_a_key_for_anthropic_row_34",
            ),
        ),
        (
            "/v1/*: both keys, X-Project, OpenAI-Project, OpenAI-Organization",
            (
                "web/simple/test_stocked::test_both_keys_are_needed_row_32",
                f"{_L}::test_openai_project_goes_before_x_project_chapter_3_3",
            ),
        ),
        (
            "/v1/*: 415 and 413",
            (
                "web/simple/test_stocked::test_only_json_is_taken_there",
                "web/simple/test_stocked::test_a_body_of_responses_has_its_own_limit_row_100",
            ),
        ),
        (
            "/v1/responses: files looked at in every place, masked refusals",
            (
                f"{_L}::test_a_file_is_looked_at_wherever_it_stands_chapter_3_3",
                f"{_L}::test_a_file_that_is_not_sound_is_refused_chapter_3_3",
                f"{_L}::test_a_file_elsewhere_needs_no_name_chapter_3_3",
                f"{_L}::test_a_refusal_of_a_request_with_a_file_is_masked_chapter_3_3",
                "simple/test_files::test_one_file_stays_below_the_limit_and_all_together_within_row_70",
            ),
        ),
        (
            "/v1/responses: headers back, names of events, status first, backpressure, no [DONE], CORS",
            (
                f"{_L}::test_the_upstreams_headers_come_back_chapter_3_3",
                f"{_L}::test_streams_of_an_sdk_pass_with_their_names_and_no_mark_of_ours_chapter_3_3",
                f"{_L}::test_a_slow_reader_slows_the_upstream_chapter_3_3",
                f"{_L}::test_headers_of_an_sdk_may_be_sent_by_a_page_chapter_3_3",
                "web/simple/test_stocked::test_the_upstreams_status_comes_before_a_stream_row_87",
            ),
        ),
        (
            "the probe, its bounds, its program and what that concludes",
            (
                f"{_L}::test_probing_streams_begin_with_their_version_chapter_3_3",
                "simple/test_probe::test_what_is_unsaid_has_a_default_row_26",
                "simple/test_probe::test_what_is_out_of_bounds_is_refused_row_26",
                "simple/test_hops::test_each_conclusion_has_its_observations_row_26",
                "e2e/test_sse_cap::test_three_streams_that_come_through_say_so_row_26",
            ),
        ),
    ),
    "3.4": (
        (
            "1 an upstream's error on a stream",
            (
                "web/simple/test_streams::test_an_error_on_a_stream_ends_that_stream_and_nothing_else_defect_1",
                f"{_SIMPLE}::test_a_broken_upstream_is_never_shown_as_a_finished_stream_row_81_defect_1",
            ),
        ),
        (
            "2 no SECURITY_KEY",
            (
                f"{_SIMPLE}::test_without_a_security_key_it_does_not_start_defect_2_row_42",
                "web/simple/test_keys::test_where_no_key_is_configured_nobody_is_let_in_defect_2",
            ),
        ),
        (
            "3 input_items",
            ("web/simple/test_asking::test_items_are_found_below_their_response_row_7_defect_3",),
        ),
        (
            "4 secrets in queries and logs",
            (
                "web/simple/test_keys::test_no_key_is_in_the_log_defect_4",
                "web/simple/test_asking::test_the_log_of_a_query_says_no_values",
            ),
        ),
        (
            "5 prompts shown raw",
            (
                "web/pages/test_log::test_what_is_hostile_is_escaped_and_prompts_are_not_there",
                "web/simple/test_payloads::test_nothing_is_kept_unless_it_is_asked_for_defect_5",
            ),
        ),
        (
            "6 health costs money",
            ("web/simple/test_asking::test_health_costs_nothing_row_110_defect_6",),
        ),
        (
            "7 retries of billed creates",
            (
                "web/simple/test_times::test_a_call_that_may_have_been_acted_on_is_asked_once_row_103_defect_7",
            ),
        ),
        (
            "8 no stream on chat, headers lost",
            (
                f"{_SIMPLE}::test_an_unchanged_sdk_streams_chat_and_responses_rows_1_3_32_defect_8",
                "web/simple/test_asking::test_the_upstreams_refusal_is_told_with_its_status_and_headers_row_95_defect_8",
            ),
        ),
        (
            "9 disconnects",
            (
                "web/simple/test_asking::test_a_client_that_leaves_takes_its_call_with_it_row_89_defect_9",
            ),
        ),
        (
            "10 timeout",
            (
                "web/simple/test_times::test_the_upstreams_head_is_awaited_so_long_and_no_longer_row_101_defect_10",
            ),
        ),
        (
            "11 malformed JSON",
            (
                "web/simple/test_asking::test_a_body_that_is_no_object_is_the_callers_fault_defect_11",
            ),
        ),
        (
            "12 metrics of every route, with quantiles and formats",
            (
                "ops/test_metrics::test_the_text_is_what_a_scraper_reads_row_114",
                "ops/test_ring::test_quantiles_are_right_within_a_tenth_or_a_millisecond",
            ),
        ),
        (
            "14 a picture's kind",
            ("simple/test_images::test_a_base64_image_says_what_it_is_defect_14",),
        ),
        (
            "15 limits for each caller",
            ("ops/test_buckets::test_one_caller_takes_nothing_from_another_row_99",),
        ),
    ),
}
