using System.Text.Json;
using Becket.InteropTests.Processes;
using Becket.InteropTests.Stores;

namespace Becket.InteropTests.Nbd;

/// <summary>qemu-img and qemu-io: the client inside QEMU.</summary>
public sealed class QemuTests(RealStores stores) : InteropTest(stores)
{
    [Theory]
    [MemberData(nameof(Places))]
    public async Task Qemu_img_finds_the_disk_identical(Place place)
    {
        Tool.Require("qemu-img");
        await using var becket = await ServeDiskAsync(place);

        var compare = await new Command("qemu-img", "compare", "-f", "raw", "-F", "raw", await Stores.GetDiskAsync(), becket.Uri)
            .SucceedAsync(Token);

        Assert.Equal("Images are identical.\n", compare.Output);
        await becket.StopAsync(Token);
    }

    [Fact]
    public async Task Qemu_img_sees_the_virtual_size()
    {
        Tool.Require("qemu-img");
        await using var becket = await ServeDiskAsync(Place.DevS3);

        var info = await new Command("qemu-img", "info", "--output=json", becket.Uri).SucceedAsync(Token);

        using var document = JsonDocument.Parse(info.Output);
        Assert.Equal(48 << 20, document.RootElement.GetProperty("virtual-size").GetInt64());
        Assert.Equal("raw", document.RootElement.GetProperty("format").GetString());
        await becket.StopAsync(Token);
    }

    [Theory]
    [InlineData(Place.File)]
    [InlineData(Place.DevS3)]
    public async Task Qemu_img_converts_the_disk_to_an_identical_qcow2(Place place)
    {
        Tool.Require("qemu-img");
        await using var becket = await ServeDiskAsync(place);
        var qcow2 = Folder["disk.qcow2"];

        await new Command("qemu-img", "convert", "-f", "raw", "-O", "qcow2", becket.Uri, qcow2).SucceedAsync(Token);

        await new Command("qemu-img", "compare", "-f", "raw", "-F", "qcow2", await Stores.GetDiskAsync(), qcow2).SucceedAsync(Token);
        await becket.StopAsync(Token);
    }

    [Fact]
    public async Task Qemu_io_reads_its_own_writes_zeroes_and_discards()
    {
        Tool.Require("qemu-io");
        var path = NewDisk(16 << 20);
        await using var becket = await BecketServer.StartAsync(Source.File(path).With("--writable"), Token);

        await QemuIoAsync(
            becket.Uri,
            "write -P 0x11 0 1M", "write -f -P 0x22 1M 64k", "write -P 0x33 1000 777",
            "write -z 2M 1M", "write -z -u 4M 1M", "discard 6M 1M",
            "aio_write -P 0x44 8M 3M", "aio_flush", "flush",
            "read -P 0x11 0 1000", "read -P 0x33 1000 777", "read -P 0x11 1777 64k", "read -P 0x22 1M 64k",
            "read -P 0 2M 1M", "read -P 0 4M 1M", "read -P 0x44 8M 3M");

        await becket.StopAsync(Token);
        var bytes = await File.ReadAllBytesAsync(path, Token);
        Assert.Equal(16 << 20, bytes.Length);
        Assert.False(bytes.AsSpan(8 << 20, 3 << 20).ContainsAnyExcept((byte)0x44));
        Assert.False(bytes.AsSpan(2 << 20, 1 << 20).ContainsAnyExcept((byte)0));
        Assert.False(bytes.AsSpan(1000, 777).ContainsAnyExcept((byte)0x33));
    }

    [Fact]
    public async Task Qemu_io_cannot_write_to_what_is_served_read_only()
    {
        Tool.Require("qemu-io");
        var path = NewDisk(1 << 20);
        var before = await File.ReadAllBytesAsync(path, Token);
        await using var becket = await BecketServer.StartAsync(Source.File(path), Token);

        var write = await new Command("qemu-io", "-f", "raw", "-c", "write -P 0x55 0 4k", becket.Uri).RunAsync(Token);

        Assert.NotEqual(0, write.ExitCode);
        Assert.Equal(before, await File.ReadAllBytesAsync(path, Token));
        await becket.StopAsync(Token);
    }

    // qemu-io goes on after a failed command, and a wrong pattern is only a line of its output: both must not pass.
    private async Task QemuIoAsync(string uri, params IEnumerable<string> commands)
    {
        var outcome = await new Command("qemu-io", ["-f", "raw", .. commands.SelectMany(command => new[] { "-c", command }), uri])
            .SucceedAsync(Token);
        Assert.DoesNotContain("failed", outcome.Output + outcome.Errors, StringComparison.OrdinalIgnoreCase);
    }
}
