/** The page around a report: one file without scripts that loads nothing. */
import { type Content, type Html, markup, raw } from "./html.ts";
import { STYLE } from "./style.ts";
import { THEME_CSS } from "./theme.ts";

export interface Section {
  /** The anchor of the section; never from data. */
  readonly id: string;
  readonly title: string;
  readonly body: Content;
  /** Whether the section belongs to the appendix after the results. */
  readonly appendix?: boolean;
}

/** The text that replaces something that a run does not have. */
export function missing(text: Content): Html {
  return markup`<p class="missing">${text}</p>\n`;
}

export function page(title: string, header: Content, sections: readonly Section[]): string {
  const document = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="Narrows">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>${title}</title>
<style>${raw(THEME_CSS)}${raw(STYLE)}</style>
</head>
<body>
<main>
${header}
<nav aria-label="Sections">${sections.map((s) => markup`<a href="#${s.id}">${s.title}</a> `)}</nav>
${
    sections.map((s, i) =>
      markup`${
        s.appendix && !sections[i - 1]?.appendix ? markup`<p class="appendix" id="appendix">Appendix</p>\n` : null
      }<section id="${s.id}" aria-labelledby="${s.id}-title">
<h2 id="${s.id}-title">${s.title}</h2>
${s.body}</section>
`
    )
  }</main>
</body>
</html>
`;
  return document.text;
}
