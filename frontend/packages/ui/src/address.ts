/** The addresses of our pages, wherever the server is mounted. */
import { createClient } from '@patchbay/client';

/** The address of a path of this server: `/console` may be `https://home.example/patchbay/console`. */
export const pageAddress = (path: string): string => createClient().baseUrl + path;
