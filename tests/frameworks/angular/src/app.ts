import { Component, PLATFORM_ID, TransferState, inject, makeStateKey, provideZonelessChangeDetection, signal } from "@angular/core";
import { isPlatformServer } from "@angular/common";
import { DomSanitizer, provideClientHydration, withEventReplay } from "@angular/platform-browser";
import story from "../story.json";

const STORY = makeStateKey<typeof story>("story");

@Component({
  selector: "app-root",
  template: `
    <h1>{{ story.title }}</h1>
    <img [src]="story.avatar" [alt]="story.author" width="64" height="64">
    <div [innerHTML]="body"></div>
    <button id="count" (click)="count.set(count() + 1)">{{ count() }}</button>
  `,
})
export class App {
  private readonly state = inject(TransferState);
  readonly story = this.read();
  readonly body = inject(DomSanitizer).bypassSecurityTrustHtml(this.story.body);
  readonly count = signal(0);

  private read() {
    if (isPlatformServer(inject(PLATFORM_ID))) this.state.set(STORY, story);
    return this.state.get(STORY, story);
  }
}

export const config = {
  providers: [provideZonelessChangeDetection(), provideClientHydration(withEventReplay())],
};
