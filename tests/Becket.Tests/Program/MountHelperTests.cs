using Becket.Commands;

namespace Becket.Tests.Program;

public class MountHelperTests
{
    private const string Source = "s3://bucket/fedora.iso";

    [Theory]
    [InlineData("rw", "")]
    [InlineData("ro,_netdev,nofail", "-o _netdev")]
    [InlineData("defaults,auto,noauto,user,nofail,comment=x,x-systemd.automount,X-mount.mkdir,rw,ro", "")]
    [InlineData("ro,partition=2,cache-dir=/var/cache/becket", "--partition=2 --cache-dir=/var/cache/becket")]
    [InlineData(
        "endpoint_url=http://rgw:7480/?a=b,no_sign_request,io-timeout=5m",
        "--endpoint-url=http://rgw:7480/?a=b --no-sign-request --io-timeout=5m")]
    [InlineData("via=nbd,noatime,uid=1000,profile=lab,nodev", "--via=nbd --profile=lab -o noatime,uid=1000,nodev")]
    [InlineData(
        "context=\"system_u:object_r:c127,c456\",ro,log-file=\"/var/log/a,b\"",
        "--log-file=/var/log/a,b -o context=\"system_u:object_r:c127,c456\"")]
    [InlineData(",,noatime,", "-o noatime")]
    public void Options_are_ours_or_of_no_concern_or_the_file_systems(string options, string expected) =>
        Assert.Equal($"mount {Source} /mnt {expected}".TrimEnd(), Translate(Source, "/mnt", "-o", options));

    [Fact]
    public void Every_long_option_of_mount_can_be_given_but_those_for_people()
    {
        foreach (var option in new MountCommand([]).Build().Options)
        {
            var name = option.Name[2..];
            var word = option.ValueType == typeof(bool) ? name : $"{name}=1";
            if (name is "foreground" or "json" or "options")
                Assert.Equal(ExitCode.Usage, Assert.Throws<CommandException>(() => Translate(Source, "/mnt", "-o", word)).ExitCode);
            else
                Assert.Equal($"mount {Source} /mnt --{word}", Translate(Source, "/mnt", "-o", word));
        }
    }

    [Theory]
    [InlineData("-o noatime -n -s SOURCE /mnt", "-o noatime")]
    [InlineData("SOURCE /mnt -snv -onoatime", "-o noatime --verbose")]
    [InlineData("SOURCE /mnt -vo noatime -o nodev -t becket.iso9660", "-o noatime,nodev --verbose")]
    public void Letters_come_as_getopt_has_them(string line, string expected) =>
        Assert.Equal($"mount {Source} /mnt {expected}", Translate(line.Replace("SOURCE", Source, StringComparison.Ordinal).Split(' ')));

    [Fact]
    public void A_fake_mount_is_checked_and_not_done()
    {
        Assert.Null(Translate(Source, "/mnt", "-f", "-o", "ro"));
        Assert.Throws<CommandException>(() => Translate(Source, "/mnt", "-f", "-o", "partition"));
    }

    [Theory]
    [InlineData("SOURCE")]
    [InlineData("SOURCE /mnt /srv")]
    [InlineData("SOURCE /mnt -x")]
    [InlineData("SOURCE /mnt -o")]
    [InlineData("SOURCE /mnt -N 4711")]
    [InlineData("SOURCE /mnt -o remount,ro")]
    [InlineData("SOURCE /mnt -o endpoint-url")]
    [InlineData("SOURCE /mnt -o no-sign-request=yes")]
    public void What_makes_no_sense_is_an_incorrect_invocation(string line)
    {
        var refused = Assert.Throws<CommandException>(() => Translate(line.Replace("SOURCE", Source, StringComparison.Ordinal).Split(' ')));
        Assert.Equal(1, MountHelper.StatusOf(refused.ExitCode));
    }

    [Fact]
    public void Exit_statuses_are_those_of_mount()
    {
        Assert.Equal(0, MountHelper.StatusOf(ExitCode.Success));
        Assert.Equal(1, MountHelper.StatusOf(ExitCode.Usage));
        Assert.Equal(32, MountHelper.StatusOf(ExitCode.Failure));
    }

    private static string? Translate(params string[] arguments) =>
        MountHelperLine.Translate(arguments, new MountCommand([]).Build().Options) is { } command ? string.Join(' ', command) : null;
}
