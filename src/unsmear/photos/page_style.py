"""How the local page looks, and what its scripts tell those who see it not, or use no mouse."""

from __future__ import annotations

from typing import Any

import gradio

CSS = """
.gradio-container { max-width: 60rem !important; margin: auto; }
input:is([type=radio], [type=range]):focus-visible { outline: 2px solid currentColor !important; outline-offset: 3px; }
#trouble p { border-left: .3rem solid #d22; padding-left: .6rem; }
#running:has(.wrap:not(.hide)) { min-height: 7rem; }
#running .progress-text { position: static; transform: none; }
#compare, #film { padding-top: 2rem !important; }
#compare .icon { color: #000 !important; }
#film .wrap { min-height: 7rem; }
#film video { max-height: 700px; object-fit: contain; }
#film .controls { opacity: 1 !important; }
#film .volume-control-wrapper, #files .label-clear-button { display: none; }
#frame input[type=range]::-webkit-slider-thumb { border: 1px solid #71717a; }
#frame input[type=range]::-moz-range-thumb { border: 1px solid #71717a; }
@media (max-width: 30rem) { .gradio-container { padding: .5rem !important; } }
"""
# Gradio's slider of two pictures has no texts for those who do not see them, and knows the mouse alone.
HEAD = """<script>
new MutationObserver(() => {
  document.querySelectorAll('#compare img').forEach((image, index) => {
    const text = index ? 'The sharp frame' : 'The blurry photo';
    if (image.alt !== text) image.alt = text;
  });
  document.querySelectorAll('#compare .outer:not([tabindex])').forEach(handle => {
    Object.assign(handle, {tabIndex: 0, role: 'slider', ariaLabel: 'Edge between blurry and sharp', ariaValueNow: 50});
    handle.addEventListener('keydown', event => {
      const step = {ArrowLeft: -20, ArrowRight: 20}[event.key];
      if (!step) return;
      event.preventDefault();
      const box = handle.getBoundingClientRect(), x = box.x + box.width / 2, y = box.y + box.height / 2;
      const picture = handle.parentElement.getBoundingClientRect();
      handle.ariaValueNow = Math.round(100 * Math.min(1, Math.max(0, (x + step - picture.x) / picture.width)));
      for (const [kind, target, shift] of [['down', handle, 0], ['move', window, step], ['up', window, step]])
        target.dispatchEvent(
          new MouseEvent('mouse' + kind, {bubbles: true, view: window, clientX: x + shift, clientY: y}));
    });
  });
  document.querySelectorAll('#film video:not([aria-label])').forEach(
    video => video.setAttribute('aria-label', 'The frames, back and forth'));
  document.querySelectorAll('a[download]').forEach(link => {
    const text = 'Download ' + link.download;
    if (link.ariaLabel !== text) link.ariaLabel = text;
  });
}).observe(document, {childList: true, subtree: true});
// The second click of a double click, which can come before the page notices the first.
document.addEventListener('click', event => {
  if (event.detail > 1 && event.target.closest('#start')) event.stopImmediatePropagation();
}, true);
</script>"""


def make_theme() -> Any:
    """Gradio's usual colours, where they are too faint to be read darker, and letters of this machine.

    Nothing is asked of a network.
    """
    return gradio.themes.Default(font=["system-ui", "sans-serif"], font_mono=["monospace"]).set(
        body_text_color_subdued="*neutral_500",
        block_info_text_color="*neutral_500",
        link_text_color_dark="*secondary_400",
        checkbox_border_color="*neutral_500",
        checkbox_border_color_dark="*neutral_400",
        **{
            f"button_primary_background_fill{state}{scheme}": color
            for state, color in (("", "*primary_700"), ("_hover", "*primary_800"))
            for scheme in ("", "_dark")
        },
    )
