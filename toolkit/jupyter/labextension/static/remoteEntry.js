// Three launcher cards and commands for JupyterLab: New incident, Open incident, Case study drill.
//
// Written by hand as a module-federation container (init and get), so that nothing is built and no Node is needed.
// Each card writes a two-cell notebook, opens it and runs it; keys typed into our controls are kept from the notebook's
// commands. Everything is optional: a front end that lacks a part (no launcher, no palette, no such command) goes
// without it, and says so in the console.
(() => {
  'use strict';
  const NAME = 'ml-postmortem';
  let scope = {};

  const CARDS = [
    {
      id: 'new', label: 'New incident', caption: 'Point at a prediction log and find out what went wrong',
      text: 'Say what failed and where its log lies; the incident then opens below, and every step is on record at once.',
      cell: '%load_ext toolkit\n%incident new',
      // a warning triangle
      path: 'M12 3 1.5 21h21L12 3zm-1 7h2v6h-2v-6zm0 7.5h2v2h-2v-2z'
    },
    {
      id: 'open', label: 'Open incident', caption: 'Go on with an incident that is on record',
      text: 'Choose an incident; nothing is lost with a kernel, for every step is on record at once.',
      cell: '%load_ext toolkit\n%incident',
      // a folder
      path: 'M3 5h7l2 3h9v11H3V5zm2 5v7h14v-7H5z'
    },
    {
      id: 'drill', label: 'Case study drill', caption: 'Practise on a case of the library, its answer hidden',
      text: 'Choose a case: its log is laid out and opened as an incident of your own. The answer stays hidden.',
      cell: '%load_ext toolkit\n%incident drill',
      // a target
      path: 'M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20zm0 3a7 7 0 1 1 0 14 7 7 0 0 1 0-14zm0 4a3 3 0 1 0 0 6 3 3 0 0 0 0-6z'
    }
  ];

  // A key that is typed into our controls is theirs. The notebook else takes it for a command of its own wherever the
  // focus is in no text field: 0 0 in a list asks to restart the kernel, d d on a button deletes the cell. Keys with a
  // modifier stay the front end's, so that Ctrl+S saves from everywhere.
  function keepKeys(event) {
    if (!(event.target instanceof Element) || !event.target.closest(`.${NAME}-controls`)) return;
    const theirs = event.ctrlKey || event.metaKey || event.altKey;
    // on the very element that has the focus: a shortcut's selector is tried on it first
    event.target.toggleAttribute('data-lm-suppress-shortcuts', !theirs);
  }

  // a module that the front end shares, or null where it has none
  async function shared(name) {
    try {
      const versions = Object.values(scope[name] || {});
      return versions.length ? (await versions[0].get())() : null;
    } catch (error) {
      console.warn(`${NAME}: ${name} cannot be had`, error);
      return null;
    }
  }

  function notebook(card) {
    const cell = (type, id, source) => ({
      cell_type: type, id, metadata: {}, source, ...(type === 'code' ? { outputs: [], execution_count: null } : {})
    });
    return {
      nbformat: 4, nbformat_minor: 5,
      metadata: { kernelspec: { name: 'python3', display_name: 'Python 3', language: 'python' } },
      cells: [
        cell('markdown', 'about', `# ${card.label}\n\n${card.text}`),
        cell('code', 'start', card.cell),
        cell('code', 'yours', '')
      ]
    };
  }

  async function start(app, card, folder) {
    const moment = new Date().toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-');
    const path = `${folder ? folder + '/' : ''}${card.label.replace(/ /g, '_').toLowerCase()}-${moment}.ipynb`;
    await app.serviceManager.contents.save(path, { type: 'notebook', format: 'json', content: notebook(card) });
    const widget = await app.commands.execute('docmanager:open', {
      path, factory: 'Notebook', kernel: { name: 'python3' }
    });
    if (widget && widget.context && app.commands.hasCommand('notebook:run-all-cells')) {
      await widget.context.ready;
      await widget.sessionContext.ready;
      await widget.sessionContext.session.kernel.info;
      await app.commands.execute('notebook:run-all-cells');
    }
  }

  function icon(ui, card) {
    if (!ui || !ui.LabIcon) return undefined;
    const svgstr =
      `<svg xmlns="http://www.w3.org/2000/svg" width="24" viewBox="0 0 24 24" aria-hidden="true">` +
      `<path class="jp-icon3" fill="#616161" fill-rule="evenodd" d="${card.path}"/></svg>`;
    return new ui.LabIcon({ name: `${NAME}:${card.id}`, svgstr });
  }

  async function extension() {
    const [launching, apputils, ui] = await Promise.all(
      ['@jupyterlab/launcher', '@jupyterlab/apputils', '@jupyterlab/ui-components'].map(shared)
    );
    const tokens = [launching && launching.ILauncher, apputils && apputils.ICommandPalette];
    return {
      id: `${NAME}:plugin`,
      description: 'Launcher cards and commands of ml-postmortem.',
      autoStart: true,
      optional: tokens.filter(Boolean),
      activate: (app, ...given) => {
        const found = tokens.map(token => (token ? given.shift() : null));
        const [launcher, palette] = found;
        window.addEventListener('keydown', keepKeys, true);
        CARDS.forEach((card, rank) => {
          const command = `${NAME}:${card.id}`;
          app.commands.addCommand(command, {
            label: card.label,
            caption: card.caption,
            icon: args => (args && args.isPalette ? undefined : icon(ui, card)),
            execute: args =>
              start(app, card, (args && args.cwd) || '').catch(error => {
                console.error(`${NAME}: ${card.label} failed`, error);
                if (apputils && apputils.showErrorMessage) apputils.showErrorMessage(`${card.label} failed`, error);
              })
          });
          if (launcher) launcher.add({ command, category: 'Postmortem', rank });
          if (palette) palette.addItem({ command, category: 'Postmortem', args: { isPalette: true } });
        });
      }
    };
  }

  const modules = {
    './extension': async () => {
      const plugin = await extension();
      return () => ({ __esModule: true, default: plugin });
    }
  };
  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB[NAME] = {
    init: given => {
      scope = given;
    },
    get: name => (modules[name] ? modules[name]() : Promise.reject(new Error(`${NAME} has no module ${name}`)))
  };
})();
