declare module 'swagger-ui-dist/swagger-ui-es-bundle.js' {
  /** An Immutable.js map of the viewer; the part of it that is used here. */
  export interface Mapped {
    get: (name: string) => any;
    set: (name: string, value: unknown) => Mapped;
    map: (change: (item: any) => unknown) => Mapped;
    filter: (isKept: (item: any) => boolean) => Mapped;
    size: number;
  }
  const SwaggerUI: (options: Record<string, unknown>) => unknown;
  export default SwaggerUI;
}
