/// The style of the page: readable at any width, light or dark as the reader's system is.
enum PageStyle {
  /// The style sheet. Every pair of text and ground has a contrast of at least 4.5 to 1.
  static let text = """
    :root { color-scheme: light dark; --ground: #ffffff; --text: #1b1f24; --soft: #57606a;
      --line: #d0d7de; --panel: #f6f8fa; --good: #116329; --bad: #a40e26; --open: #7d4e00;
      --link: #0550ae; }
    @media (prefers-color-scheme: dark) { :root { --ground: #15181c; --text: #e6e8ea;
      --soft: #a9b2bb; --line: #3a424b; --panel: #1e2329; --good: #56d364; --bad: #ff8f88;
      --open: #e3b341; --link: #79b8ff; } }
    * { box-sizing: border-box; }
    html { -webkit-text-size-adjust: 100%; }
    body { margin: 0; background: var(--ground); color: var(--text);
      font: 16px/1.5 system-ui, -apple-system, "Segoe UI", "Noto Sans", sans-serif; }
    main { max-width: 1180px; margin: 0 auto; padding: 16px; overflow-wrap: anywhere; }
    h1 { font-size: 1.7rem; line-height: 1.2; margin: 8px 0; }
    h2 { font-size: 1.35rem; margin: 40px 0 8px; padding-top: 12px;
      border-top: 1px solid var(--line); }
    h3 { font-size: 1.1rem; margin: 24px 0 4px; }
    p, ul { max-width: 76ch; }
    a { color: var(--link); }
    nav ul { list-style: none; padding: 0; margin: 0 0 8px; display: flex; flex-wrap: wrap;
      gap: 4px 16px; max-width: none; }
    code { font-family: ui-monospace, "Cascadia Mono", "DejaVu Sans Mono", monospace;
      font-size: 0.88em; }
    pre { background: var(--panel); border: 1px solid var(--line); padding: 8px 12px;
      overflow-x: auto; line-height: 1.4; }
    .answers { list-style: none; padding: 0; max-width: none; }
    .answers li { display: grid; grid-template-columns: 9.5em 1fr; gap: 12px; padding: 6px 0;
      border-bottom: 1px solid var(--line); }
    .verdict { font-weight: 600; }
    .holds { color: var(--good); } .does-not-hold { color: var(--bad); }
    .undecided { color: var(--open); }
    .not-run, .synthetic-only, .measured { color: var(--soft); }
    .table, .picture { overflow-x: auto; margin: 0 0 12px; }
    table { border-collapse: collapse; font-size: 0.9rem; line-height: 1.35; }
    .caption { font-size: 0.9rem; color: var(--soft); margin: 12px 0 4px; max-width: none; }
    th, td { padding: 4px 10px; border-bottom: 1px solid var(--line); vertical-align: top;
      text-align: left; overflow-wrap: normal; }
    table.wide { font-size: 0.78rem; }
    .wide th, .wide td { padding: 4px 6px; }
    tbody th, .short { white-space: nowrap; }
    thead th.short, thead th.number { white-space: normal; }
    thead th { background: var(--panel); vertical-align: bottom; }
    .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
    .missing { color: var(--soft); font-style: italic; }
    td.missing { text-align: right; white-space: nowrap; }
    td:not(.number):not(.missing):not(.short) { min-width: 8em; }
    td.long { min-width: 15em; overflow-wrap: anywhere; }
    @media (min-width: 561px) { tbody th { position: sticky; left: 0; background: var(--ground); } }
    .notes { font-size: 0.85rem; color: var(--soft); margin-top: 0; }
    .figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 480px), 1fr));
      gap: 16px 24px; }
    figure { margin: 12px 0; min-width: 0; }
    figure svg { width: 100%; min-width: 520px; height: auto; display: block;
      color: var(--text); }
    figcaption { font-size: 0.85rem; color: var(--soft); }
    details { margin: 8px 0; border: 1px solid var(--line); padding: 4px 12px; }
    summary { cursor: pointer; padding: 4px 0; font-weight: 600; }
    @media (max-width: 560px) { .answers li { grid-template-columns: 1fr; gap: 0; }
      th, td { padding: 4px 6px; } }
    @media print { details > * { display: block; } }
    """
}
