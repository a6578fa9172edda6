using System.Text.Json;
using Becket.InteropTests.Processes;
using Becket.InteropTests.Stores;

namespace Becket.InteropTests.Nbd;

/// <summary>fio with its nbd engine: many requests in flight, each verified.</summary>
public sealed class FioTests(RealStores stores) : InteropTest(stores)
{
    [Fact]
    public async Task Random_writes_read_back_verified()
    {
        Tool.Require("fio");
        await using var becket = await BecketServer.StartAsync(Source.File(NewDisk(64 << 20)).With("--writable"), Token);

        var job = await FioAsync(becket, "--rw=randwrite", "--bsrange=4k-128k", "--verify=crc32c", "--verify_fatal=1", "--do_verify=1");

        Assert.Equal(64 << 20, job.GetProperty("write").GetProperty("io_bytes").GetInt64());
        Assert.Equal(64 << 20, job.GetProperty("read").GetProperty("io_bytes").GetInt64());
        await becket.StopAsync(Token);
    }

    [Fact]
    public async Task Random_reads_of_an_object_all_succeed()
    {
        Tool.Require("fio");
        await using var becket = await ServeDiskAsync(Place.DevS3);

        var job = await FioAsync(becket, "--rw=randread", "--bs=4k", "--number_ios=2000");

        Assert.Equal(2000, job.GetProperty("read").GetProperty("total_ios").GetInt64());
        await becket.StopAsync(Token);
    }

    private async Task<JsonElement> FioAsync(BecketServer becket, params IEnumerable<string> options)
    {
        var fio = new Command(
            "fio",
            [
                "--name=job", "--ioengine=nbd", $"--uri={becket.Uri}", "--iodepth=32", "--randseed=7",
                "--output-format=json", "--output=fio.json", .. options,
            ])
        {
            WorkingFolder = Folder.Path,
        };
        await fio.SucceedAsync(Token);
        using var document = JsonDocument.Parse(await File.ReadAllTextAsync(Folder["fio.json"], Token));
        var job = document.RootElement.GetProperty("jobs")[0].Clone();
        Assert.Equal(0, job.GetProperty("error").GetInt32());
        return job;
    }
}
