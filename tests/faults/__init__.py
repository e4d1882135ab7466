"""A test for each fault that delivery must survive, in the order of the list below.

After every one of them: nobody is lost, nobody got an issue twice, the books balance, and every
doubtful message is on the operator's list.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong, and the test that lets it."""

    happening: str
    test: str


FAULTS = (
    Fault(
        "A worker is killed between the server's 250 and its commit.",
        "test_a_worker_killed_between_250_and_commit_leaves_a_doubt_and_no_second_copy",
    ),
    Fault(
        "A worker is killed with rows in its hands.",
        "test_a_worker_killed_with_claimed_rows_gives_them_back_after_its_lease",
    ),
    Fault(
        "The planner of an issue is killed while it writes the rows.",
        "test_a_planner_killed_in_the_fan_out_leaves_all_rows_or_none",
    ),
    Fault(
        "A worker is stopped for longer than its lease, and goes on.",
        "test_a_worker_frozen_beyond_its_lease_begins_nothing_that_is_not_its_own",
    ),
    Fault(
        "A connection drops, before the final dot or after it.",
        "test_a_drop_after_the_final_dot_is_doubtful_and_one_before_it_is_tried_again",
    ),
    Fault(
        "A server ends the session with 421 in the middle.",
        "test_a_421_in_mid_session_opens_a_new_one_and_harms_no_other_message",
    ),
    Fault(
        "A server refuses some recipients and takes the others.",
        "test_a_recipient_who_is_refused_takes_nobody_along",
    ),
    Fault(
        "A server takes a message, and QUIT fails.",
        "test_an_error_at_quit_does_not_unsend_what_was_accepted",
    ),
    Fault(
        "A server hangs.",
        "test_a_server_that_hangs_is_given_up_at_every_step",
    ),
    Fault(
        "A provider's answer does not come, or makes no sense.",
        "test_a_provider_whose_answer_is_lost_or_senseless_leaves_a_doubt",
    ),
    Fault(
        "A provider says: too many, later.",
        "test_a_provider_that_asks_for_time_gets_it",
    ),
    Fault(
        "A password or a key is wrong.",
        "test_bad_credentials_pause_the_issue_and_give_the_rows_back",
    ),
    Fault(
        "The broker is killed, or flushed.",
        "test_a_broker_that_is_killed_or_flushed_costs_no_more_than_a_tick",
    ),
    Fault(
        "A task comes twice, or long after its time.",
        "test_tasks_that_come_twice_or_late_do_no_harm",
    ),
    Fault(
        "A worker lives and takes no task.",
        "test_a_worker_that_lives_but_takes_no_task_is_noticed_and_replaced",
    ),
    Fault(
        "The database crashes, or its disk is full.",
        "test_without_a_database_or_room_on_its_disk_nothing_is_begun",
    ),
    Fault(
        "Two beats run, or none.",
        "test_eight_beats_or_none_plan_every_issue_once",
    ),
    Fault(
        "Clocks are changed, a reader moves to another zone, a date is left out.",
        "test_every_reader_gets_one_issue_a_date_whatever_the_clocks_do",
    ),
    Fault(
        "A reader leaves after the audience was written down.",
        "test_who_leaves_after_the_snapshot_gets_nothing_more",
    ),
    Fault(
        "An issue is paused or cancelled while it goes out.",
        "test_a_pause_or_a_cancel_lets_no_more_messages_begin_than_there_are_workers",
    ),
    Fault(
        "No mail can be made for one reader.",
        "test_a_reader_for_whom_no_mail_can_be_made_fails_alone_and_visibly",
    ),
    Fault(
        "Content kills the process that renders it.",
        "test_content_that_kills_the_renderer_blocks_its_issue_and_no_other",
    ),
    Fault(
        "The database is restored from a backup.",
        "test_a_restored_backup_comes_up_paused",
    ),
    Fault(
        "An issue is edited while it goes out.",
        "test_an_edit_while_sending_changes_no_frozen_mail",
    ),
    Fault(
        "One person subscribes as A@x and as a@x.",
        "test_one_person_is_one_reader_however_the_address_is_spelled",
    ),
    Fault(
        "A choice leaves nothing of an issue.",
        "test_an_empty_digest_is_recorded_and_not_sent",
    ),
    Fault(
        "Bounces or complaints come by the dozen.",
        "test_a_storm_of_bounces_or_complaints_pauses_the_issue",
    ),
    Fault(
        "Reports are replayed, or come out of order.",
        "test_replayed_and_reordered_reports_end_in_the_same_state",
    ),
)
