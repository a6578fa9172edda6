using System.Runtime.InteropServices;
using System.Text.Json;
using Becket.InteropTests.Stores;

namespace Becket.InteropTests.Mounting;

/// <summary>What scripts are promised, and what people see.</summary>
public sealed class MountReportTests(RealStores stores, MountImages images) : MountTest(stores)
{
    [Fact]
    public async Task Mount_attach_and_list_print_what_scripts_need()
    {
        RequireMounts();
        var folder = NewMountPoint();
        var source = await images.PutAsync(await Stores.GetDevS3Async(), ImageFormat.Partitioned);

        var mounted = Parse((await MountAsync(source, folder, "--json", "--partition", "1")).Output);
        var attached = Parse((await Becket.Command("attach", source, "--via", "fuse", "--json").SucceedAsync(Token)).Output);

        var device = mounted.GetProperty("device").GetString()!;
        Assert.Equal(folder, mounted.GetProperty("mountPoint").GetString());
        Assert.Equal("ext4", mounted.GetProperty("fileSystem").GetString());
        Assert.Equal(
            [$"{device}p1", $"{device}p2"], mounted.GetProperty("partitions").EnumerateArray().Select(static one => one.GetString()));
        var second = attached.GetProperty("device").GetString()!;
        Assert.NotEqual(device, second);
        Assert.Equal(
            [$"{second}p1", $"{second}p2"], attached.GetProperty("partitions").EnumerateArray().Select(static one => one.GetString()));

        var list = await Becket.ListAsync(Token);
        Assert.Equal(["1", "2"], list.Select(static one => one.GetProperty("id").GetString()));
        Assert.Equal([device, second], list.Select(static one => one.GetProperty("device").GetString()));
        Assert.All(list, one =>
        {
            Assert.Equal(source.Arguments[0], one.GetProperty("source").GetString());
            Assert.Equal("fuse", one.GetProperty("via").GetString());
            Assert.Equal("ok", one.GetProperty("health").GetString());
            Assert.Equal(new FileInfo(ImagePath).Length, one.GetProperty("size").GetInt64());
            Assert.True(one.GetProperty("bytesRead").GetInt64() > 0);
            Assert.True(one.GetProperty("bytesFetched").GetInt64() > 0);
            Assert.True(Directory.Exists($"/proc/{one.GetProperty("process").GetInt32()}"));
            Assert.False(one.TryGetProperty("problem", out _));
        });
        Assert.Equal(folder, list[0].GetProperty("mountPoint").GetString());
        Assert.False(list[1].TryGetProperty("mountPoint", out _));
        await Becket.Command("umount", folder).SucceedAsync(Token);
        await Becket.Command("detach", "--all").SucceedAsync(Token);
        AssertNothingIsLeft();
    }

    private string ImagePath => images.GetAsync(ImageFormat.Partitioned).GetAwaiter().GetResult().Path;

    [Fact]
    public async Task With_nothing_attached_there_is_an_empty_list_and_a_word_for_people()
    {
        Assert.Empty(await Becket.ListAsync(Token));

        var outcome = await Becket.Command("list").SucceedAsync(Token);

        Assert.Equal("", outcome.Output);
        Assert.Equal("becket: nothing is attached\n", outcome.Errors);
    }

    [Fact]
    public async Task The_live_view_prints_plain_lines_where_there_is_no_terminal()
    {
        RequireMounts();
        var folder = NewMountPoint();
        var source = Source.File((await images.GetAsync(ImageFormat.Ext4)).Path);
        await MountAsync(source, folder);

        await using (var watch = Becket.Command("list", "--watch").Start())
        {
            await watch.Output.WaitForLineAsync($"{source.Arguments[0]} {folder}: ", Token);
            watch.Signal(PosixSignal.SIGINT);
            var outcome = await watch.WaitForExitAsync(Token);
            Assert.True(outcome.ExitCode == 0, outcome.Errors);
            Assert.DoesNotContain('\e', outcome.Output);
        }
        await using (var watch = Becket.Command("list", "--watch", "--json").Start())
        {
            await watch.Output.WaitForLineAsync("[{", Token);
            watch.Signal(PosixSignal.SIGINT);
            var outcome = await watch.WaitForExitAsync(Token);
            Assert.Equal(folder, Parse(outcome.Output.Split('\n')[0])[0].GetProperty("mountPoint").GetString());
        }
        await UnmountAsync(folder);
        AssertNothingIsLeft();
    }

    private static JsonElement Parse(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }
}
