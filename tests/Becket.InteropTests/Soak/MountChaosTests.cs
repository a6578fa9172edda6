using System.Globalization;
using Becket.InteropTests.Mounting;
using Becket.InteropTests.Processes;
using Becket.InteropTests.Stores;

namespace Becket.InteropTests.Soak;

/// <summary>
/// Commands about the same few folders at once, and background processes that are killed (SIGKILL) between them, all at random. Then, in a
/// quiet moment: what is mounted is right, and everything can be cleared away. <c>BECKET_CHAOS=200</c> for so many rounds,
/// <c>BECKET_SEED=7</c> for others.
/// </summary>
public sealed class MountChaosTests(RealStores stores, MountImages images) : MountTest(stores, Rounds * TimeSpan.FromMinutes(1))
{
    private const int Workers = 6;
    private const int Steps = 6;

    private static readonly int Rounds = LongRun.Number("BECKET_CHAOS", 8);

    private static readonly string[] BackgroundProcesses = ["supervise", "serve-attachment", "attach-loop"];

    private readonly string[] _folders = new string[4];

    [Fact]
    public async Task Whatever_commands_and_kills_come_together_files_are_right_and_all_can_be_cleared()
    {
        RequireMounts();
        MountImage[] all = [await CopyAsync(ImageFormat.Ext4), await CopyAsync(ImageFormat.Squashfs)];
        for (var i = 0; i < _folders.Length; i++)
            _folders[i] = NewMountPoint($"mnt-{i}");
        var (commands, kills) = (0, 0);
        for (var round = 0; round < Rounds; round++)
        {
            try
            {
                // Each worker of each round has a seed of its own, the same in every run.
                var first = ((LongRun.Seed * 10_000) + round) * Workers;
                var counts = await Task.WhenAll(Enumerable.Range(first, Workers).Select(seed => WorkAsync(new Random(seed), all)));
                commands += counts.Sum(static count => count.Commands);
                kills += counts.Sum(static count => count.Kills);
                await AssertMountsAsync(all);
                await ClearAsync(all[0]);
                foreach (var image in all)
                    Assert.Empty(await LoopDevicesOverAsync(image));
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                throw new InvalidOperationException($"BECKET_SEED={LongRun.Seed} BECKET_CHAOS={Rounds}, round {round}: {e.Message}", e);
            }
        }
        TestContext.Current.TestOutputHelper?.WriteLine(
            string.Create(CultureInfo.InvariantCulture, $"{Rounds} rounds, seed {LongRun.Seed}: {commands} commands, {kills} kills"));
    }

    /// <summary>Under a name that nobody else has.</summary>
    private async Task<MountImage> CopyAsync(ImageFormat format)
    {
        var image = await images.GetAsync(format);
        var path = Folder[$"{format}-{Guid.NewGuid():N}.img"];
        File.Copy(image.Path, path);
        return image with { Path = path };
    }

    /// <summary>Those over a file system that is gone, too, of which only the image's name is left.</summary>
    private async Task<string> LoopDevicesOverAsync(MountImage image) =>
        (await Command.Shell($"losetup -ln -O NAME,BACK-FILE | grep -F '{Path.GetFileName(image.Path)}' || true")
            .SucceedAsync(Token)).Output;

    private async Task<(int Commands, int Kills)> WorkAsync(Random random, MountImage[] all)
    {
        var kills = 0;
        for (var step = 0; step < Steps; step++)
        {
            var (source, folder) = (Source.File(all[random.Next(all.Length)].Path), _folders[random.Next(_folders.Length)]);
            var command = random.Next(10) switch
            {
                0 or 1 or 2 => Becket.Command("mount", source, folder, "--via", "fuse"),
                3 or 4 => Becket.Command("umount", folder),
                5 => Becket.Command("attach", source, "--via", "fuse"),
                6 => Becket.Command("detach", source),
                7 => Becket.Command("restart", folder),
                8 => Becket.Command("list", "--json"),
                _ => null,
            };
            if (command is not null)
                await EndWellAsync(command);
            else if (await TryKillAsync(random))
                kills++;
        }
        return (Steps - kills, kills);
    }

    /// <summary>Either it did what it should, or it says in a sentence why not.</summary>
    private async Task<ProcessOutcome> EndWellAsync(Command command)
    {
        var outcome = await command.RunAsync(Token);
        var isSentence = outcome.Errors.StartsWith("becket: ", StringComparison.Ordinal)
            && !outcome.Errors.Contains("this should not happen", StringComparison.Ordinal);
        Assert.True(outcome.ExitCode == 0 || (outcome.ExitCode == 1 && isSentence), $"{command}: {outcome}");
        return outcome;
    }

    private async Task<bool> TryKillAsync(Random random)
    {
        var running = Becket.ProcessIds(BackgroundProcesses[random.Next(BackgroundProcesses.Length)]);
        if (running.Length == 0)
            return false;
        var victim = running[random.Next(running.Length)];
        await new Command("kill", "-9", victim.ToString(CultureInfo.InvariantCulture)).RunAsync(Token);
        return true;
    }

    private async Task AssertMountsAsync(MountImage[] all)
    {
        foreach (var attachment in await Becket.ListAsync(Token))
        {
            var source = attachment.GetProperty("source").GetString();
            if (attachment.GetProperty("health").GetString() == "ok" && attachment.TryGetProperty("mountPoint", out var mountPoint))
                await AssertFilesAsync(all.Single(image => image.Path == source), mountPoint.GetString()!);
        }
    }

    /// <summary>With becket's own commands alone, which may have to wait for a server that just takes the place of another one.</summary>
    private async Task ClearAsync(MountImage image)
    {
        var refusals = new List<string>();
        while (await Becket.ListAsync(Token) is { Count: > 0 } attachments)
        {
            Assert.True(refusals.Count < 20, string.Join('\n', [.. refusals, .. attachments.Select(static one => one.ToString())]));
            foreach (var attachment in attachments)
            {
                var outcome = await EndWellAsync(attachment.TryGetProperty("mountPoint", out var mountPoint)
                    ? Becket.Command("umount", mountPoint.GetString()!)
                    : Becket.Command("detach", attachment.GetProperty("id").GetString()!));
                if (outcome.ExitCode != 0)
                    refusals.Add(outcome.Errors);
            }
        }
        await ReuseNumbersAsync(image);
        await Becket.WhenNothingIsLeftAsync(Token);
    }

    /// <summary>
    /// Where both processes were killed before they saved a state, the next attachment with their number clears what they left. Files of
    /// those that were killed as they began or ended are in nobody's way.
    /// </summary>
    private async Task ReuseNumbersAsync(MountImage image)
    {
        using var retry = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (Becket.ProcessIds().Count > 0)
            await retry.WaitForNextTickAsync(Token);
        await Command.Shell($"rm -rf '{Becket.States}'/mounting-*.lock '{Becket.States}'/*.*").SucceedAsync(Token);
        var numbers = Directory.GetDirectories(Becket.States)
            .Select(static path => int.Parse(Path.GetFileName(path), CultureInfo.InvariantCulture)).ToList();
        if (numbers.Count == 0)
            return;
        for (var i = 0; i < numbers.Max(); i++)
            await AttachAsync(Source.File(image.Path));
        await Becket.Command("detach", "--all").SucceedAsync(Token);
    }
}
