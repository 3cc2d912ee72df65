//! What keys do to the inbox, and how it looks.

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use serde_json::json;

use super::draw::draw;
use super::state::{Effect, Key, Mode, State};
use crate::api::approvals::Approval;
use crate::cli::approvals::tests::{AT, approval};

/// Two that wait, of which the second is a hostile agent's.
fn two() -> Vec<Approval> {
    let first = approval("cards.create", "Card Ads", json!({}));
    let mut second = approval("cards.create", "Card Bad\u{1b}[2J\u{202e}", json!({}));
    second.id = "75589c8b-e033-4a65-b16c-379211c94429".parse().unwrap();
    second.seq = 8;
    vec![second, first]
}

fn inbox() -> State {
    let mut state = State::new();
    state.loaded(two());
    state
}

fn typed(state: &mut State, keys: &[Key]) -> Effect {
    keys.iter().fold(Effect::None, |_, key| state.key(*key, (5, 20)))
}

fn screen(state: &State, card: &str, (width, height): (u16, u16)) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, state, card, AT)).unwrap();
    terminal.backend().to_string()
}

#[test]
fn approving_takes_one_more_key() {
    let mut state = inbox();

    let slipped = typed(&mut state, &[Key::Letter('a'), Key::Enter]);
    let meant = typed(&mut state, &[Key::Letter('a'), Key::Letter('y')]);

    assert_eq!(slipped, Effect::None);
    assert!(matches!(meant, Effect::Approve(one) if one.seq == 7));
}

#[test]
fn what_is_pasted_decides_nothing() {
    let mut state = inbox();
    typed(&mut state, &[Key::Letter('a')]);

    state.pasted("y");

    assert!(matches!(state.mode, Mode::Confirm(_)));
}

#[test]
fn a_denial_may_say_why() {
    let mut state = inbox();

    let silent = typed(&mut state, &[Key::Letter('d'), Key::Enter]);
    let told = typed(&mut state, &[Key::Letter('d'), Key::Letter('q'), Key::Enter]);

    assert!(matches!(silent, Effect::Deny(_, None)));
    assert!(matches!(told, Effect::Deny(_, Some(why)) if why == "q"));
}

#[test]
fn a_question_about_one_that_is_gone_is_withdrawn() {
    let mut state = inbox();
    typed(&mut state, &[Key::Letter('a')]);

    let gone = state.loaded(two().into_iter().take(1).collect());
    let late = typed(&mut state, &[Key::Letter('y')]);

    assert_eq!(gone.len(), 1);
    assert_eq!(late, Effect::None);
    assert_eq!(state.selected().map(|one| one.seq), Some(8));
}

#[test]
fn the_selection_stays_where_it_is_when_others_come_and_go() {
    let mut state = inbox();
    typed(&mut state, &[Key::Down]);

    state.loaded(two().into_iter().take(1).collect());
    let alone = state.selected().map(|one| one.seq);
    state.loaded(two());

    assert_eq!((alone, state.selected().map(|one| one.seq)), (Some(8), Some(8)));
}

#[test]
fn a_filter_narrows_as_one_types_and_esc_clears_it() {
    let mut state = inbox();

    typed(&mut state, &[Key::Letter('/'), Key::Letter('b'), Key::Letter('A'), Key::Letter('d')]);
    let narrowed = state.listed().iter().map(|one| one.seq).collect::<Vec<_>>();
    let left = typed(&mut state, &[Key::Esc]);

    assert_eq!(narrowed, [8]);
    assert_eq!((left, state.listed().len()), (Effect::None, 2));
    assert_eq!(typed(&mut state, &[Key::Esc]), Effect::Quit);
}

#[test]
fn a_narrow_and_a_wide_window_show_list_and_card_and_nothing_hidden() {
    let state = inbox();
    for size in [(60, 15), (120, 30)] {
        let seen = screen(&state, "asks for   Card Ads", size);

        assert!(seen.contains(">   3d  alice  Card Ads"), "{seen}");
        assert!(seen.contains("Card Bad\\u{1b}"), "{seen}");
        assert!(seen.contains("asks for   Card Ads"), "{seen}");
        assert!(seen.contains("a approve  d deny"), "{seen}");
    }
}

#[test]
fn an_empty_queue_says_so() {
    let seen = screen(&State::new(), "", (60, 15));

    assert!(seen.contains("Nothing waits for a decision."), "{seen}");
}

#[test]
fn a_long_card_scrolls_to_its_last_line_and_no_further() {
    let mut state = inbox();
    let card: Vec<String> = (1..=40).map(|at| format!("line {at}.")).collect();

    typed(&mut state, &[Key::PageDown; 9]);
    state.scroll += 99;
    let seen = screen(&state, &card.join("\n"), (100, 20));

    assert!(seen.contains("line 40.") && seen.contains("of 40"), "{seen}");
}
