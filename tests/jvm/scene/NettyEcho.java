// SPDX-License-Identifier: MIT
package scene;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** Netty alone, without gRPC: a server that answers, whose handler is clean, drops, keeps, or releases twice. */
public final class NettyEcho {
    private static final List<ByteBuf> KEPT = new ArrayList<>();

    private static final class Clean extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            context.writeAndFlush(message);
        }
    }

    private static final class Drops extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            context.writeAndFlush(((ByteBuf) message).copy()); // MISSING drops
        }
    }

    private static final class Keeps extends SimpleChannelInboundHandler<ByteBuf> {
        @Override
        protected void channelRead0(ChannelHandlerContext context, ByteBuf message) {
            KEPT.add(message.retainedSlice()); // MISSING keeps
            context.writeAndFlush(message.copy());
        }
    }

    private static final class Twice extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ByteBuf buffer = (ByteBuf) message;
            context.writeAndFlush(buffer.copy());
            buffer.release();
            try {
                buffer.release(); // WRONG twice
            } catch (RuntimeException ignored) {
                // somebody thought that this is how to silence it
            }
        }
    }

    private static ChannelHandler handler(String kind) {
        switch (kind) {
            case "drops": return new Drops();
            case "keeps": return new Keeps();
            case "twice": return new Twice();
            default: return new Clean();
        }
    }

    public static void main(String[] arguments) throws Exception {
        String kind = arguments.length > 0 ? arguments[0] : "clean";
        EventLoopGroup group = new NioEventLoopGroup(2);
        Semaphore answers = new Semaphore(0);
        Channel server = new ServerBootstrap().group(group).channel(NioServerSocketChannel.class)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(handler(kind));
                    }
                }).bind(new InetSocketAddress("127.0.0.1", 0)).sync().channel();
        Channel client = new Bootstrap().group(group).channel(NioSocketChannel.class)
                .handler(new SimpleChannelInboundHandler<ByteBuf>() {
                    @Override
                    protected void channelRead0(ChannelHandlerContext context, ByteBuf answer) {
                        answers.release();
                    }
                }).connect(server.localAddress()).sync().channel();
        for (int i = 0; i < 20; i++) {
            client.writeAndFlush(client.alloc().buffer(256).writeZero(200));
            answers.tryAcquire(5, TimeUnit.SECONDS);
        }
        client.close().sync();
        server.close().sync();
        group.shutdownGracefully(0, 2, TimeUnit.SECONDS).sync();
        Collecting.giveNettyAChance();
    }
}
