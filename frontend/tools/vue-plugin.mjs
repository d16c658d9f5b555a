/** How Vue components are compiled, for the build and for tests. */

import vue from '@vitejs/plugin-vue';

/** `patchbay-block` and its like are custom elements. */
export const vuePlugin = () => vue({ template: { compilerOptions: { isCustomElement: (tag) => tag.startsWith('patchbay-') } } });
