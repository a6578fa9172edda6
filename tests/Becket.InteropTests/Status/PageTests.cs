using Becket.InteropTests.Processes;
using Becket.InteropTests.Stores;

namespace Becket.InteropTests.Status;

/// <summary>The page in a real browser. With <c>BECKET_SCREENSHOTS=folder</c> its pictures are kept, for people who look at them.</summary>
public class PageTests(RealStores stores) : StatusTest(stores)
{
    [Fact]
    public async Task The_page_shows_each_export_and_its_map_while_a_copy_runs()
    {
        Tool.Require("nbdcopy");
        var (store, source) = await StartStoreAsync("--faults", "latency=25ms");
        await using var running = store;
        var file = await Stores.GetDiskAsync();
        var exports = new Source(
            ["--export", $"iso={source.Arguments[0]}", "--export", $"local={file}", .. source.Arguments.Skip(1)], source.Environment);
        await using var server = await BecketServer.StartAsync(
            exports.With("--status", "0", "--cache-dir", Folder["cache"], "--connections", "2"), Token);
        await using var page = await Chromium.StartAsync(Token);
        await page.LookAsync(1600, 1000, "light", Token);
        await page.OpenAsync(await StatusOfAsync(server), Token);
        await page.UntilAsync("document.querySelectorAll('.export').length === 2", Token);

        store.Hold();
        await using var copy = CopyAll(server).Start();
        await page.UntilAsync(
            "[...document.querySelectorAll('.legend li')].some(item => "
            + "item.textContent.startsWith('being fetched') && !item.textContent.endsWith('fetched0 %'))",
            Token);
        await KeepPictureAsync(page, "fetching");
        store.LetGo();
        await page.UntilAsync(
            "document.querySelector('.figures dd').textContent !== '0 B/s' "
            + "&& document.querySelector('.legend b').textContent !== '0 %'",
            Token);
        await KeepPictureAsync(page, "wide-light");
        Assert.Equal(0, (await copy.WaitForExitAsync(Token)).ExitCode);

        // Everything was read, so everything is in memory and on disk, and the map says so in words too.
        await page.UntilAsync(
            "document.querySelector('.map').getAttribute('aria-label').includes('100 % in memory, 100 % on disk')", Token);
        Assert.Equal(["iso", "local"], await TextsAsync(page, "h2 .name"));
        Assert.Equal(["ok", "ok"], await TextsAsync(page, ".health"));
        Assert.Equal(["ready"], await TextsAsync(page, "#state"));
        Assert.Contains("s3://images/disk.img, 24.0 MiB", await TextsAsync(page, ".source"));
        Assert.Equal("ready – becket", (string?)await page.EvaluateAsync("document.title", Token));
        // Something is painted on the map, in more than one colour.
        await page.UntilAsync(
            "new Set(new Uint32Array("
            + "document.querySelector('.map').getContext('2d').getImageData(0, 0, 100, 40).data.buffer)).size > 1",
            Token);

        foreach (var (width, colours) in ((int, string)[])[(1600, "dark"), (1024, "light"), (360, "light"), (360, "dark")])
        {
            await page.LookAsync(width, width == 360 ? 1800 : 1000, colours, Token);
            await page.UntilAsync($"matchMedia('(prefers-color-scheme: {colours})').matches && innerWidth === {width}", Token);
            // Nothing sticks out, at no width.
            await page.UntilAsync("document.documentElement.scrollWidth <= innerWidth", Token);
            await KeepPictureAsync(page, $"{width}-{colours}");
        }
        Assert.Empty(page.Complaints);
        await server.StopAsync(Token);
    }

    [Fact]
    public async Task The_page_says_when_nobody_answers_any_more()
    {
        await using var server = await BecketServer.StartAsync(Source.File(await Stores.GetDiskAsync()).With("--status", "0"), Token);
        await using var page = await Chromium.StartAsync(Token);
        await page.OpenAsync(await StatusOfAsync(server), Token);
        await page.UntilAsync("document.querySelector('#state').textContent === 'ready'", Token);
        await server.StopAsync(Token);
        await page.UntilAsync(
            "document.querySelector('#state').textContent === 'no answer' && !document.querySelector('#problems').hidden", Token);
    }

    private async Task<IReadOnlyList<string>> TextsAsync(Chromium page, string selector)
    {
        var texts = await page.EvaluateAsync($"[...document.querySelectorAll('{selector}')].map(node => node.textContent)", Token);
        return [.. texts!.AsArray().Select(static text => (string)text!)];
    }

    private static async Task KeepPictureAsync(Chromium page, string name)
    {
        if (Environment.GetEnvironmentVariable("BECKET_SCREENSHOTS") is { } folder)
        {
            await File.WriteAllBytesAsync(
                Path.Combine(folder, $"{name}.png"), await page.PhotographAsync(CancellationToken.None), CancellationToken.None);
        }
    }
}
