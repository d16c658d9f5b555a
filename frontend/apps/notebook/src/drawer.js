/** The panel at the side of the page: one dialog whose content changes. */

import { h, iconButton } from './dom.js';

/**
 * @param {HTMLDialogElement} dialog
 */
export function createDrawer(dialog) {
  /** @type {(() => void) | null} */
  let whenClosed = null;
  dialog.addEventListener('close', () => {
    dialog.replaceChildren();
    whenClosed?.();
    whenClosed = null;
  });
  // A click beside the panel lands on the dialog itself.
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close();
  });

  return {
    /**
     * Shows content under a title; a panel that is open gives way to it.
     *
     * @param {string} title
     * @param {import('./dom.js').Child[]} content
     * @param {{ back?: () => void, closed?: () => void }} [options] `back` leads to where this came from.
     */
    show(title, content, { back, closed } = {}) {
      whenClosed = closed ?? whenClosed;
      const heading = h('h2', { id: 'drawer-title', tabindex: '-1' }, title);
      dialog.replaceChildren(
        h('div', { class: 'drawer-inner' }, [
          h('header', { class: 'drawer-header' }, [
            back && iconButton('back', 'Back', back),
            heading,
            iconButton('close', 'Close', () => dialog.close()),
          ]),
          h('div', { class: 'drawer-body' }, content),
        ]),
      );
      if (!dialog.open) dialog.showModal();
      heading.focus();
    },
    close: () => dialog.close(),
  };
}

/** @typedef {ReturnType<typeof createDrawer>} Drawer */
