// The inside of <kudos-like>: markup and style, the same from a server and in a browser. What may be styled from outside has a custom property or a part.

const HEART = "M12 20.7 10.6 19.4C5.4 14.7 2 11.6 2 7.9 2 4.8 4.4 2.5 7.4 2.5c1.8 0 3.4.8 4.6 2.1 1.1-1.3 2.8-2.1 4.5-2.1 3.1 0 5.5 2.3 5.5 5.4 0 3.7-3.4 6.8-8.6 11.5Z";

export const STYLE = `
:host{display:inline-flex;align-items:center;vertical-align:middle;font:500 .9375em/1 system-ui,sans-serif;color:var(--kudos-color,inherit)}
:host([hidden]){display:none}
button{all:unset;box-sizing:border-box;position:relative;display:inline-flex;align-items:center;gap:.45em;min-block-size:2.4em;padding-inline:.8em;
border-radius:var(--kudos-radius,999px);background:var(--kudos-background,color-mix(in srgb,currentColor 7%,transparent));cursor:pointer;user-select:none;
-webkit-tap-highlight-color:transparent;touch-action:manipulation}
button::before{content:"";position:absolute;inset:-.3em 0}
button:hover{background:var(--kudos-background-hover,color-mix(in srgb,currentColor 13%,transparent))}
button:focus-visible{outline:2px solid var(--kudos-focus,currentColor);outline-offset:2px}
svg{inline-size:1.3em;block-size:1.3em;flex:none;fill:transparent;stroke:currentColor;stroke-width:1.9;stroke-linejoin:round;overflow:visible}
[aria-pressed=true] svg{color:var(--kudos-liked,#e0245e);fill:currentColor}
[part=count]{font-variant-numeric:tabular-nums}
[part=count]:empty,[part=note]:empty{display:none}
[part=note]{margin-inline-start:.6em;font-size:.85em;line-height:1.3;opacity:.75;color:var(--kudos-note,inherit)}
:host([reason=refused]) [part=note]{opacity:1;color:var(--kudos-note,#b3261e)}
@media (prefers-color-scheme:dark){[aria-pressed=true] svg{color:var(--kudos-liked,#ff5c8a)}:host([reason=refused]) [part=note]{color:var(--kudos-note,#ffb4ab)}}
@media (prefers-reduced-motion:no-preference){button,svg{transition:background .15s,color .15s,fill .15s}button:active svg{transform:scale(.86)}
[aria-pressed=true].tapped svg{animation:beat .35s ease-out}@keyframes beat{40%{transform:scale(1.3)}}}
@media (forced-colors:active){button{border:1px solid ButtonText}[aria-pressed=true] svg{color:Highlight}}
`;

/** The shadow root's content, without its style. */
export const inside = ({ liked, text, label }) => `<button part="button" type="button" aria-pressed="${liked === true}" ` +
  `aria-label="${escape(label)}"><svg part="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="${HEART}"/></svg><span part="count" aria-hidden="true">` +
  `${escape(text)}</span></button><span part="note" role="status"></span>`;

/** Text that stands in HTML, or in an attribute of it. */
export const escape = (text) => `${text}`.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
