import { mergeApplicationConfig } from "@angular/core";
import { type BootstrapContext, bootstrapApplication } from "@angular/platform-browser";
import { RenderMode, provideServerRendering, withRoutes } from "@angular/ssr";
import { App, config } from "./app";

const server = {
  providers: [provideServerRendering(withRoutes([{ path: "**", renderMode: RenderMode.Prerender }]))],
};

export default (context: BootstrapContext) =>
  bootstrapApplication(App, mergeApplicationConfig(config, server), context);
